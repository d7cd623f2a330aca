import type { ReportWeights, WeightRow, WeightSpread } from "../types.js";
import { h, plural, scrollBox } from "./dom.js";
import { alignedText, numberText } from "./format.js";
import { histogram } from "./histogram.js";
import { look, type Line } from "./marks.js";
import type { Model } from "./model.js";
import { plot } from "./plot.js";
import { runPicker } from "./runPicker.js";

/** The weights of one selected run over time: a line per entry, or the spread of very many. */
export function weightsView(model: Model): () => Node {
  return () => {
    const runs = model.selected().filter((run) => model.data.runs[run].weights);
    if (runs.length === 0) return h("p", { class: "empty" }, "None of the selected runs logged weights.");
    const run = runs.includes(model.current()) ? model.current() : runs[0];
    const weights = model.data.runs[run].weights as ReportWeights;
    return h(
      "div",
      {},
      runPicker("weights-run", model, runs, run),
      ...(weights.spread ? ofMany(weights, weights.spread) : ofFew(weights)),
    );
  };
}

function ofFew(weights: ReportWeights): Node[] {
  const lines = weights.rows.map((row, i): Line => ({ ...lineOf(weights, row), look: look(i), end: row.name }));
  return [
    h(
      "h3",
      {},
      weights.rows.length < weights.entries
        ? `The heaviest and lightest of ${plural(weights.entries, "weight")} over time`
        : `${plural(weights.entries, "weight")} over time`,
    ),
    plot({ title: "weight", lines, kind: "linear", height: 340, reference: 1 }),
    fineprint(weights),
    rowTable("Entries, heaviest first", weights, weights.rows),
  ];
}

/** Entries drawn over the spread: the three heaviest and the three lightest. */
const DRAWN = 3;

function ofMany(weights: ReportWeights, spread: WeightSpread): Node[] {
  const { steps, rows } = weights;
  const [q05, q25, median, q75, q95] = spread.quantiles;
  const fan: Line = {
    label: "median",
    look: look(0),
    steps,
    values: median,
    areas: [
      { low: q05, high: q95 },
      { low: q25, high: q75 },
    ],
    end: "median",
  };
  const half = rows.length / 2;
  const [heavy, light] = [rows.slice(0, half), rows.slice(half)];
  const drawn = [...heavy.slice(0, DRAWN), ...light.slice(-DRAWN)];
  const lines = drawn.map((row, i): Line => ({ ...lineOf(weights, row), look: look(i + 1), end: row.name }));
  return [
    h("h3", {}, `Spread of ${plural(weights.entries, "weight")} over time`),
    plot({ title: "weight", lines: [fan, ...lines], kind: "linear", height: 340, reference: 1 }),
    fineprint(weights, "areas: 50 % and 90 % of all weights · lines: median, heaviest and lightest entries"),
    histogram(weights, spread),
    h(
      "div",
      { class: "cards" },
      rowTable(`Heaviest ${heavy.length}`, weights, heavy),
      rowTable(`Lightest ${light.length}`, weights, light),
    ),
  ];
}

const lineOf = ({ steps }: ReportWeights, { name, values }: WeightRow): Omit<Line, "look"> => ({
  label: name,
  steps,
  values,
});

function fineprint({ steps, snapshots, problem }: ReportWeights, legend = ""): HTMLElement {
  const parts = [
    ...(legend ? [legend] : []),
    "dotted: 1, unweighted",
    steps.length < snapshots
      ? `shown: ${steps.length} of ${plural(snapshots, "snapshot")}`
      : plural(snapshots, "snapshot"),
    ...(problem !== undefined ? [problem] : []),
  ];
  return h("p", { class: "fine" }, parts.join(" · "));
}

function rowTable(title: string, { steps }: ReportWeights, rows: readonly WeightRow[]): HTMLElement {
  const explained = rows.some((row) => row.text !== undefined);
  const [first, last] = [steps[0], steps[steps.length - 1]];
  const heads = ["#", "entry", `step ${numberText(first)}`, `step ${numberText(last)}`];
  const numeric = [true, false, true, true];
  const text4 = alignedText(rows.flatMap(({ values }) => [values[0], values[values.length - 1]]));
  const body = rows.map(({ rank, name, values, text }) => {
    const cells = [String(rank), name, text4(values[0]), text4(values[values.length - 1])];
    const tds = cells.map((cell, i) => h("td", { class: numeric[i] ? "number" : "text" }, cell));
    return h("tr", {}, ...tds, ...(explained ? [h("td", { class: "long" }, text ?? "")] : []));
  });
  const ths = heads.map((head, i) => h("th", { scope: "col", class: numeric[i] ? "number" : "text" }, head));
  const head = h("tr", {}, ...ths, ...(explained ? [h("th", { scope: "col", class: "text" }, "what it is")] : []));
  return h(
    "div",
    {},
    h("h3", {}, title),
    scrollBox(title, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body))),
  );
}
