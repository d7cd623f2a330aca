import type { FactList, ReportRun } from "../types.js";
import { h } from "./dom.js";
import { durationText } from "./format.js";
import type { Model } from "./model.js";
import { runPicker } from "./runPicker.js";
import { statusMark } from "./status.js";

/** One run: how it went, what it ran in, its notes and files. */
export function detailsView(model: Model): () => Node {
  const { runs } = model.data;
  return () => {
    const current = model.current();
    const run = runs[current];
    return h(
      "div",
      {},
      runPicker("details-run", model, [...runs.keys()], current),
      h("h3", {}, run.name),
      h("p", {}, statusMark(run), ` after ${durationText(run.wallMs)}`, run.reason ? ` – ${run.reason}` : ""),
      ...(run.error !== undefined ? [h("pre", { class: "error", tabindex: 0, "aria-label": "Error" }, run.error)] : []),
      ...(run.problems.length > 0 ? [problems(run)] : []),
      ...(run.remarks !== "" || run.notes.length > 0 ? [notes(run)] : []),
      h("div", { class: "cards" }, ...run.facts.map(list)),
    );
  };
}

function list({ title, facts }: FactList): HTMLElement {
  const items = facts.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, long(text))]);
  return h("article", { class: "card" }, h("h4", {}, title), h("dl", {}, ...items));
}

/** Texts of many lines are folded. */
function long(text: string): Node | string {
  const lines = text.split("\n");
  if (lines.length <= 3) return text;
  return h("details", {}, h("summary", {}, `${lines.length} lines`), h("pre", { tabindex: 0 }, text));
}

function notes({ remarks, notes: all }: ReportRun): HTMLElement {
  const items = all.map(({ t, text }) => {
    const iso = new Date(t).toISOString();
    return h("li", {}, h("time", { datetime: iso }, iso.slice(0, 19).replace("T", " ")), ` ${text}`);
  });
  const remark = remarks === "" ? [] : [h("p", { class: "remarks" }, remarks)];
  return h("section", {}, h("h4", {}, "Notes"), ...remark, h("ul", { class: "notes" }, ...items));
}

function problems({ problems: all }: ReportRun): HTMLElement {
  return h(
    "section",
    { class: "error" },
    h("h4", {}, "Damaged and left out"),
    h("ul", {}, ...all.map((text) => h("li", {}, text))),
  );
}
