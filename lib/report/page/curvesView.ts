import type { ReportCurve, RunCurve } from "../types.js";
import { h, labelled, plural } from "./dom.js";
import { type Line, look, swatch } from "./marks.js";
import { type Model, runLabels } from "./model.js";
import { plot } from "./plot.js";
import type { ScaleKind } from "./scale.js";
import { band, smoothed } from "./series.js";

/** The curves of the selected runs, one plot per metric. The controls keep their state while runs are selected. */
export function curvesView(model: Model): () => Node {
  const { data } = model;
  const labels = runLabels(data);
  const metrics = [...new Set(data.curves.map((curve) => curve.metric))];
  const log = h("input", { type: "checkbox", change: () => draw() });
  const averaged = h("input", {
    type: "checkbox",
    checked: model.averaged(),
    change: () => model.setAveraged(averaged.checked),
  });
  const smoothing = h("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: 0, input: () => draw() });
  const amount = h("output", {}, "0");
  const search = h("input", { type: "search", placeholder: "all", size: 14, autocomplete: "off", input: () => draw() });
  const place = h("div");
  const bar = h(
    "div",
    { class: "bar" },
    labelled("Mean ± std over seeds", averaged),
    labelled("Logarithmic", log),
    h("span", { class: "range" }, labelled("Smoothing", smoothing), amount),
    labelled("Metrics", search),
  );

  function draw(): void {
    amount.textContent = smoothing.value;
    const selected = new Set(model.selected());
    const wanted = search.value.trim().toLowerCase();
    const cards = metrics
      .filter((metric) => metric.toLowerCase().includes(wanted))
      .flatMap((metric) => card(metric, selected) ?? []);
    place.replaceChildren(
      legend(selected),
      cards.length > 0
        ? h("div", { class: "cards" }, ...cards)
        : h(
            "p",
            { class: "empty" },
            selected.size === 0 ? "Select runs in the table above." : "The selected runs logged no such metric.",
          ),
    );
  }

  function card(metric: string, selected: ReadonlySet<number>): HTMLElement | undefined {
    const curves = data.curves.flatMap((curve) => {
      const runs = curve.metric === metric ? curve.runs.filter(({ run }) => selected.has(run)) : [];
      return runs.length > 0 ? [{ ...curve, runs }] : [];
    });
    if (curves.length === 0) return undefined;
    const kind: ScaleKind = log.checked ? "log" : "linear";
    const lines = curves.flatMap((curve) =>
      averaged.checked ? groupLines(curve) : curve.runs.map((r) => runLine(curve, r)),
    );
    const title = h("h3", {}, metric);
    return h(
      "article",
      { class: "card" },
      title,
      plot({ title: metric, lines, kind, height: 230 }),
      h(
        "p",
        { class: "fine" },
        fineprint(
          curves.flatMap((curve) => curve.runs),
          log.checked,
          Number(smoothing.value),
        ),
      ),
    );
  }

  function runLine({ steps }: ReportCurve, { run, values }: RunCurve): Line {
    const beta = Number(smoothing.value);
    return { label: labels[run], look: look(run), steps, values: smoothed(values, beta) };
  }

  /** The mean of a configuration with its band, and its runs faintly behind. */
  function groupLines(curve: ReportCurve): Line[] {
    const runs = curve.runs.map((run) => runLine(curve, run));
    const own = look(curve.config);
    const { label } = data.configs[curve.config];
    if (runs.length === 1) return runs.map((line) => ({ ...line, label: `${label} (1 run)`, look: own }));
    const { steps, mean, std } = band(
      curve.steps,
      runs.map((line) => line.values),
    );
    const area = { low: mean.map((m, i) => m - std[i]), high: mean.map((m, i) => m + std[i]) };
    const average = { label: `${label} (mean of ${runs.length})`, look: own, steps, values: mean, areas: [area] };
    return [...runs.map((line) => ({ ...line, look: own, faint: true })), average];
  }

  function legend(selected: ReadonlySet<number>): HTMLElement {
    const configs = new Map<number, number>();
    for (const run of selected) configs.set(data.runs[run].config, (configs.get(data.runs[run].config) ?? 0) + 1);
    const items = averaged.checked
      ? [...configs].map(([config, runs]) => [look(config), `${data.configs[config].label} (${plural(runs, "run")})`])
      : model.selected().map((run) => [look(run), labels[run]]);
    return h(
      "ul",
      { class: "legend", "aria-label": "Lines" },
      ...items.map(([kind, text]) => h("li", {}, swatch(kind), text)),
    );
  }

  const view = h("div", {}, bar, place);
  return () => {
    draw();
    return view;
  };
}

/** What a plot leaves out, in words. */
function fineprint(runs: readonly RunCurve[], log: boolean, beta: number): string {
  const total = (of: (run: RunCurve) => number): number => runs.reduce((sum, run) => sum + of(run), 0);
  const count = (test: (value: number) => boolean): number =>
    total(({ values }) => values.filter((value) => value !== null && test(value)).length);
  const [shown, points] = [total((run) => run.shown), total((run) => run.points)];
  const odd = count((value) => !Number.isFinite(value));
  const below = log ? count((value) => value <= 0 && Number.isFinite(value)) : 0;
  const parts = [
    shown < points ? `shown: ${shown.toLocaleString("en")} of ${plural(points, "point")}` : plural(points, "point"),
    ...(odd > 0 ? [`${plural(odd, "gap")} marked where a value is not finite (× NaN, ▲ ∞, ▼ −∞)`] : []),
    ...(below > 0 ? [`${plural(below, "value")} ≤ 0 not on a logarithmic scale`] : []),
  ];
  if (beta > 0) parts.push(`each run smoothed, β = ${beta}`);
  return parts.join(" · ");
}
