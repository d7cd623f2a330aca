import type { ReportRun } from "../types.js";
import { h, s } from "./dom.js";

/** Strokes in a box of 16 × 16: a status is told by its sign and its word, never by colour alone. */
const SIGNS: Readonly<Record<string, string>> = {
  finished: "M3 8.5 6.5 12 13 4.5",
  running: "M5 3.5 12 8 5 12.5Z",
  failed: "M4 4 12 12M12 4 4 12",
  interrupted: "M5.5 3.5V12.5M10.5 3.5V12.5",
  crashed: "M9 2 4.5 9H8L7 14 11.5 7H8Z",
};

export function statusMark({ status, reason }: Pick<ReportRun, "status" | "reason">): HTMLElement {
  const sign = s("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" });
  sign.append(s("path", { d: SIGNS[status] ?? "M8 8h.01" }));
  return h("span", { class: `status ${status in SIGNS ? status : ""}`, title: reason }, sign, status);
}
