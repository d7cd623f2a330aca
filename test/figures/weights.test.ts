import { afterAll, describe, expect, it } from "vitest";
import { detectorCurve } from "../../lib/figures/detectorCurve.js";
import { closeBrowser, renderSvg } from "../../lib/figures/render.js";
import { venueSize } from "../../lib/figures/theme.js";
import type { Figure, Trace } from "../../lib/figures/types.js";
import { weightFan } from "../../lib/figures/weightFan.js";
import { weightHistogram } from "../../lib/figures/weightHistogram.js";
import { weightMovement } from "../../lib/figures/weightMovement.js";

const texts = (figure: Figure): string[] => (figure.layout["annotations"] as { text: string }[]).map((a) => a.text);
const named = (figure: Figure, name: string): Trace => figure.data.find((trace) => trace.name === name) as Trace;
const axis = (figure: Figure, name: "xaxis" | "yaxis") => figure.layout[name] as { ticktext: string[]; tickvals: number[]; range: number[]; title: { text: string } }; // prettier-ignore

const quantiles = {
  entries: 20_000,
  steps: [0, 10, 20],
  fractions: [0.05, 0.25, 0.5, 0.75, 0.95],
  values: [[1, 0.6, 0.1], [1, 0.8, 0.5], [1, 1, 1.1], [1, 1.2, 1.6], [1, 1.4, 2]], // prettier-ignore
  mean: new Float64Array([1, 0.9, 1.05]),
};

describe("weightFan", () => {
  it("draws each pair of quantiles as an area, the median and the mean as lines", () => {
    const figure = weightFan(quantiles);
    expect(figure.data.map(({ name }) => name)).toEqual(["90 % of 20,000 weights", "50 %", "median", "mean"]);
    const [outer, inner, median, mean] = figure.data;
    expect(outer).toMatchObject({ x: [0, 10, 20, 20, 10, 0], y: [1, 1.4, 2, 0.1, 0.6, 1], fill: "toself" });
    expect(inner.y).toEqual([1, 1.2, 1.6, 0.5, 0.8, 1]);
    expect([median.y, mean.y]).toEqual([[1, 1, 1.1], [1, 0.9, 1.05]]); // prettier-ignore
    expect((median["line"] as { dash: string }).dash).not.toBe((mean["line"] as { dash: string }).dash);
    expect(figure.alt).toContain("at the end 5 % lie below 0.100");
  });

  it("thins long runs, the last step kept", () => {
    const steps = Array.from({ length: 5000 }, (_, t) => t);
    const mean = steps.map((t) => 1 + Math.sin(t / 300) / 4);
    const figure = weightFan({ entries: 9, steps, fractions: [0.1, 0.9], values: [mean, mean], mean });
    const { x, y } = named(figure, "mean");
    expect(x.length).toBeLessThanOrEqual(250);
    expect([x.at(-1), y.at(-1)]).toEqual([4999, mean[4999]]);
  });

  it("keeps the weight 1 in sight, and does without a median", () => {
    const low = { ...quantiles, fractions: [0.1, 0.9], values: [[0.1, 0.1, 0.1], [0.2, 0.2, 0.2]], mean: [0.1, 0.1, 0.1] }; // prettier-ignore
    const figure = weightFan(low);
    expect(figure.data.map(({ name }) => name)).toEqual(["80 % of 20,000 weights", "mean"]);
    expect(axis(figure, "yaxis").range[1]).toBeGreaterThan(1);
  });

  it.each([
    [{ steps: [] }, /no steps/],
    [{ fractions: [0.05, 0.25, 0.5, 0.75, 0.9] }, /must ascend and be symmetric/],
    [{ fractions: [0.75, 0.25, 0.5, 0.75, 0.25] }, /must ascend and be symmetric/],
  ])("refuses %j", (change, message) => {
    expect(() => weightFan({ ...quantiles, ...change })).toThrow(message);
  });
});

describe("weightHistogram", () => {
  const counts = { entries: 10, steps: [5, 10, 15], edges: [0, 1, 2], counts: [10, 0, 4, 6, 2, 8] };

  it("stands the bars of each snapshot on its own row, the fullest bin as high as the others' fullest", () => {
    const figure = weightHistogram(counts);
    expect(axis(figure, "yaxis")).toMatchObject({ tickvals: [0, 1, 2], ticktext: ["5", "10", "15"], range: [0, 3] });
    const [first, second] = figure.data;
    expect(first).toMatchObject({ x: [0, 0, 1, 1, 2, 2], y: [0, 0.82, 0.82, 0, 0, 0] });
    const height = 1 + (0.82 * 4) / 6;
    expect(second.y).toEqual([1, height, height, 1.82, 1.82, 1].map((y) => expect.closeTo(y, 12) as number));
    expect(texts(figure)).toEqual([
      "peak 100 %",
      "peak 60 %",
      "peak 80 %",
      expect.stringContaining("of the 10 weights"),
    ]);
  });

  it("shows six snapshots from the first to the last, or those in force at the steps asked for", () => {
    const many = { entries: 1, steps: Array.from({ length: 101 }, (_, t) => t), edges: [0, 1], counts: new Uint32Array(101).fill(1) }; // prettier-ignore
    expect(axis(weightHistogram(many), "yaxis").ticktext).toEqual(["0", "20", "40", "60", "80", "100"]);
    expect(axis(weightHistogram(counts, { steps: [7, 15] }), "yaxis").ticktext).toEqual(["5", "15"]);
    expect(() => weightHistogram(counts, { steps: [4] })).toThrow(/no snapshot at step 4; the first is at step 5/);
    expect(() => weightHistogram({ ...counts, steps: [] })).toThrow(/no steps/);
  });
});

describe("detectorCurve", () => {
  const run = (name: string, tpr: number, auc: number) => ({
    ...{ name, falsePositiveRate: [0, 0.5, 1], truePositiveRate: [0, tpr, 1], auc },
  });

  it("has each area in the legend, beside chance", () => {
    const figure = detectorCurve([run("table", 0.9, 0.7), run("net", 0.6, 0.55)]);
    expect(figure.data.map(({ name }) => name)).toEqual(["table, AUC 0.70", "net, AUC 0.55", "chance, AUC 0.50"]);
    expect(named(figure, "table, AUC 0.70")).toMatchObject({ x: [0, 0.5, 1], y: [0, 0.9, 1] });
    expect(texts(figure)).toEqual([]);
  });

  it("averages the runs of a name at each false positive rate, with their spread", () => {
    const figure = detectorCurve([run("table", 0.9, 0.7), run("table", 0.7, 0.6)]);
    const line = named(figure, "table, AUC 0.65 ± 0.07");
    const at = (rate: number) => line.y[line.x.indexOf(rate)];
    expect([at(0.25), at(0.5), at(0.75)]).toEqual([0.4, 0.8, 0.9].map((y) => expect.closeTo(y, 12) as number));
    const band = figure.data.find((trace) => trace["fill"] === "toself") as Trace;
    const [high, low] = band.y.filter((_, p) => band.x[p] === 0.5) as number[];
    expect([high, low]).toEqual([0.8 + Math.SQRT1_2 * 0.2, 0.8 - Math.SQRT1_2 * 0.2].map((y) => expect.closeTo(y, 12) as number)); // prettier-ignore
    expect(texts(figure)[0]).toMatch(/mean ± std, N = 2 seeds/);
  });

  it("rises at once where a threshold finds wrong rows alone", () => {
    const steep = { name: "table", falsePositiveRate: [0, 0, 1], truePositiveRate: [0, 0.6, 1], auc: 0.8 };
    const line = named(detectorCurve([steep, steep]), "table, AUC 0.80 ± 0.00");
    expect([line.x.slice(0, 2), line.y.slice(0, 2)]).toEqual([[0, 0], [0, 0.6]]); // prettier-ignore
  });

  it.each([
    [[], /no runs/],
    [[{ ...run("a", 0.5, 0.5), truePositiveRate: [0, 1] }], /curve of "a" must rise/],
    [[{ ...run("a", 0.5, 0.5), truePositiveRate: [0, 1.2, 1] }], /curve of "a" must rise/],
    [[{ ...run("a", NaN, 0.5) }], /curve of "a" must rise/],
    [[{ ...run("a", 0.5, 0.5), falsePositiveRate: [0.1, 0.5, 1] }], /curve of "a" must rise/],
  ])("refuses %j", (runs, message) => {
    expect(() => detectorCurve(runs)).toThrow(message);
  });
});

const moved = (name: string, from: number, to: number) => ({ name, from, to });
const movement = {
  ...{ fromStep: 0, toStep: 400 },
  increases: [moved("up most", 1, 2), moved("up", 1, 1.5)],
  decreases: [moved("down most", 1, 0), moved("down", 0.9, 0.5)],
};

describe("weightMovement", () => {
  it("has a row per entry, the largest increase on top and the largest decrease below", () => {
    const figure = weightMovement(movement);
    expect(axis(figure, "yaxis").ticktext).toEqual(["down most", "down", "up", "up most"]);
    const [path, from, to] = figure.data;
    expect(path).toMatchObject({ x: [1, 2, null, 1, 1.5, null], y: [3, 3, null, 2, 2, null] });
    expect([from.x, to.x, to.y]).toEqual([[1, 1], [2, 1.5], [3, 2]]); // prettier-ignore
    expect(texts(figure)).toEqual(["from step 0 (ring) to step 400 (arrow)"]);
    expect(movement.decreases[0].name).toBe("down most"); // what was given stays as it was
  });

  it("labels the rows as told, shortened, and as many as told", () => {
    const figure = weightMovement(movement, { n: 1, label: ({ name }) => `${name} ${"x".repeat(40)}` });
    const labels = axis(figure, "yaxis").ticktext;
    expect(labels).toHaveLength(2);
    expect(labels[1]).toBe(`up most ${"x".repeat(19)}…`);
    expect(weightMovement({ ...movement, increases: [] }).data).toHaveLength(3);
    expect(() => weightMovement({ ...movement, increases: [], decreases: [] })).toThrow(/no weight moved from step 0 to 400/); // prettier-ignore
  });
});

describe("drawn in a column of 3.25 in", () => {
  afterAll(closeBrowser);

  it.each([
    ["fan", weightFan(quantiles), ["90 % of 20,000 weights", "weight (1 = unweighted)", "upper iteration"]],
    [
      "histogram",
      weightHistogram({ entries: 10, steps: [5, 10], edges: [0, 1, 2], counts: [10, 0, 4, 6] }),
      ["peak 60 %", "weight (1 = unweighted)"],
    ],
    [
      "detector",
      detectorCurve([{ name: "table", falsePositiveRate: [0, 0, 1], truePositiveRate: [0, 0.6, 1], auc: 0.8 }]),
      ["table, AUC 0.80", "right rows called wrong (share)"],
    ],
    ["movement", weightMovement(movement), ["up most", "from step 0 (ring) to step 400 (arrow)"]],
  ])("the %s has all its texts, and no raster", async (_, figure, expected) => {
    const size = venueSize("icml");
    const svg = await renderSvg(figure, size);
    for (const text of expected) expect(svg).toContain(text);
    expect(svg).not.toMatch(/<image|<foreignObject/);
    expect(svg).toContain(figure.alt);
  });
});
