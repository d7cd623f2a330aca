import type { ReportConfig, ReportSpread } from "../types.js";
import { own, union } from "./differing.js";
import { h, scrollBox } from "./dom.js";
import { cellText, textLike } from "./format.js";
import { look, swatch } from "./marks.js";
import type { Model } from "./model.js";

/** Every configuration of the report with what its runs reached: mean ± std over the runs that differ in the seed alone. */
export function seedsView({ data }: Model): () => Node {
  return () => {
    const { configs } = data;
    const params = union(configs.map((config) => config.params));
    const metrics = union(configs.map((config) => config.metrics));
    const heads = [
      h("th", { scope: "col", class: "text" }, "configuration"),
      h("th", { scope: "col", class: "number" }, "runs"),
      ...metrics.map((name) => h("th", { scope: "col", class: "number" }, name)),
      ...params.map((path) => h("th", { scope: "col", class: "number" }, path)),
    ];
    const rows = configs.map((config, c) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, swatch(look(c)), config.name),
        h("td", { class: "number" }, runsText(config)),
        ...metrics.map((name) => h("td", { class: "number" }, ...metricCell(config, name))),
        ...params.map((path) => h("td", { class: "number" }, cellText(own(config.params, path)))),
      ),
    );
    const table = h("table", { class: "seeds" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows));
    return h(
      "div",
      {},
      scrollBox("Configurations over seeds", table),
      h(
        "p",
        { class: "fine" },
        "All runs of the report, whatever is selected. Summary values: mean ± sample standard deviation over the runs that differ in the seed alone; below it the 95 % bootstrap interval of the mean, which is too narrow for few runs.",
      ),
    );
  };
}

const runsText = ({ runs, unfinished }: ReportConfig): string =>
  unfinished > 0 ? `${runs} (${unfinished} not finished)` : String(runs);

function metricCell({ metrics, runs }: ReportConfig, name: string): (Node | string)[] {
  if (!Object.hasOwn(metrics, name)) return ["–"];
  const { mean, n, interval, diverged = 0 } = metrics[name];
  const std = deviation(metrics[name]);
  const text = textLike(std);
  const notes = [
    ...(interval ? [interval.map(text).join(" to ")] : []),
    ...(n + diverged < runs ? [`n = ${n + diverged}`] : []),
    ...(diverged > 0 ? [`${diverged} diverged, left out`] : []),
  ];
  const spread = std === null ? text(mean) : `${text(mean)} ± ${text(std)}`;
  return [spread, ...notes.map((note) => h("small", {}, note))];
}

/** What rounding leaves of equal values is no deviation. */
const deviation = ({ mean, std }: ReportSpread): number | null =>
  std !== null && std < 1e-12 * Math.abs(mean) ? 0 : std;
