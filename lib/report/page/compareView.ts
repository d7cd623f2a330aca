import type { ReportCell } from "../types.js";
import { differing, own, union } from "./differing.js";
import { h, labelled, scrollBox } from "./dom.js";
import { cellText } from "./format.js";
import { swatch } from "./marks.js";
import { type Model, runLabels } from "./model.js";
import { statusMark } from "./status.js";

type Cells = Readonly<Record<string, ReportCell>>;

/** The selected runs side by side: how their configurations differ, and apart from that what they reached. */
export function compareView(model: Model): () => Node {
  const everything = h("input", { type: "checkbox", change: () => draw() });
  const place = h("div");
  const labels = runLabels(model.data);

  function draw(): void {
    const selected = model.selected();
    const runs = selected.map((i) => model.data.runs[i]);
    if (runs.length === 0) {
      place.replaceChildren(h("p", { class: "empty" }, "Select runs in the table above."));
      return;
    }
    const params = runs.map((run) => run.params);
    const [every, differs] = [union(params), differing(params)];
    const shown = everything.checked || runs.length === 1 ? every : differs;
    const title =
      runs.length === 1 ? "Configuration" : `Configuration: ${differs.length} of ${every.length} parameters differ`;
    place.replaceChildren(
      h("h3", {}, title),
      shown.length > 0
        ? table("Configuration", selected, shown, params, new Set(differs))
        : h("p", { class: "empty" }, "The selected runs have the same configuration."),
      h("h3", {}, "Summary"),
      table(
        "Summary",
        selected,
        union(runs.map((run) => run.summary)),
        runs.map((run) => run.summary),
      ),
    );
  }

  function table(
    title: string,
    selected: readonly number[],
    paths: readonly string[],
    records: readonly Cells[],
    marked: ReadonlySet<string> = new Set(),
  ): HTMLElement {
    const head = selected.map((i) =>
      h(
        "th",
        { scope: "col", class: "number" },
        swatch(model.lookOf(i)),
        h("br"),
        labels[i],
        h("br"),
        statusMark(model.data.runs[i]),
      ),
    );
    const rows = paths.map((path) =>
      h(
        "tr",
        { class: marked.has(path) && everything.checked ? "differs" : "" },
        h("th", { scope: "row" }, path),
        ...records.map((record) => h("td", { class: "number" }, cellText(own(record, path)))),
      ),
    );
    const corner = h("td", {}, h("span", { class: "hidden" }, title));
    const body = h("tbody", {}, ...rows);
    return scrollBox(title, h("table", { class: "compare" }, h("thead", {}, h("tr", {}, corner, ...head)), body));
  }

  const view = h("div", {}, h("div", { class: "bar" }, labelled("Also what is the same", everything)), place);
  return () => {
    draw();
    return view;
  };
}
