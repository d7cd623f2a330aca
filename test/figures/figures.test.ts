import { describe, expect, it } from "vitest";
import {
  alphaAgainstQuality,
  alphaOverTime,
  barsWithSpread,
  bestOfKCurves,
  trainingCurves,
} from "../../lib/figures/figures.js";
import type { Figure } from "../../lib/figures/types.js";

const texts = (figure: Figure): string[] => (figure.layout["annotations"] as { text: string }[]).map((a) => a.text);

describe("trainingCurves", () => {
  it("averages the runs of a name over the steps that all of them have", () => {
    const figure = trainingCurves(
      [
        { name: "a", step: [1, 2, 3, 4], value: [1, 2, 9, 4] },
        { name: "a", step: [1, 2, 4], value: [3, 2, 8] },
      ],
      { yLabel: "loss" },
    );
    const [band, first, second, line] = figure.data;
    expect([first.y, second.y]).toEqual([[1, 2, 4], [3, 2, 8]]); // prettier-ignore
    expect(line.x).toEqual([1, 2, 4]);
    expect(line.y).toEqual([2, 2, 6]);
    const std = [Math.SQRT2, 0, Math.sqrt(8)]; // of (1, 3), (2, 2), (4, 8), divisor n − 1
    const expected = [2 + std[0], 2, 6 + std[2], 6 - std[2], 2, 2 - std[0]];
    expected.forEach((y, i) => expect(band.y[i]).toBeCloseTo(y, 12));
    expect(texts(figure)).toContain("mean ± std, N = 2 seeds; thin: each seed");
    expect(figure.alt).toContain("a ends at 6.00 (2 runs)");
  });

  it("says for each name how many runs there are when they differ, and draws no band for one run", () => {
    const run = (name: string) => ({ name, step: [1, 2], value: [1, 2] });
    const figure = trainingCurves([run("a"), run("b"), run("b")], { yLabel: "loss" });
    expect(texts(figure)).toEqual(["a (N = 1)", "b (N = 2)", "mean ± std over N seeds; thin: each seed"]);
    expect(figure.data).toHaveLength(5);
  });

  it("leaves gaps for values that are not finite, in the line and in the band", () => {
    const run = { name: "a", step: [1, 2, 3], value: [1, NaN, 3] };
    const [band, , , line] = trainingCurves([run, run], { yLabel: "loss" }).data;
    expect(line.y).toEqual([1, null, 3]);
    expect(band.x).toEqual([1, 1, null, 3, 3, null]);
  });

  it("keeps a band on a logarithmic axis positive and leaves gaps for values ≤ 0", () => {
    const [band, , , line] = trainingCurves(
      [
        { name: "a", step: [1, 2], value: [0.1, -1] },
        { name: "a", step: [1, 2], value: [10, 0.5] },
      ],
      { yLabel: "loss", logY: true },
    ).data;
    expect(line.y).toEqual([5.05, null]);
    expect(band.y.slice(0, 2)).toEqual([expect.closeTo(5.05 + 9.9 / Math.SQRT2, 9), 0.1]);
  });

  it("thins long runs but keeps the ends and the extremes", () => {
    const step = Array.from({ length: 10_000 }, (_, i) => i);
    const value = step.map((s) => (s === 7777 ? 50 : Math.sin(s / 500)));
    const [line] = trainingCurves([{ name: "a", step, value }], { yLabel: "loss" }).data;
    expect(line.x.length).toBeLessThanOrEqual(250);
    expect([line.x[0], line.x.at(-1)]).toEqual([0, 9999]);
    expect(line.y).toContain(50);
  });

  it.each([
    [[], /no series/],
    [[{ name: "a", step: [], value: [] }], /"a" is empty/],
    [[{ name: "a", step: [1, 2], value: [1] }], /"a" has 2 steps and 1 values/],
    [[{ name: "a", step: [1, 1], value: [1, 2] }], /"a" has step 1 at index 1.*ascend/],
    [[{ name: "a", step: [NaN], value: [1] }], /step NaN at index 0/],
    [[{ name: "a", step: [1], value: [1] }, { name: "a", step: [2], value: [1] }], /2 runs of "a" share no step/], // prettier-ignore
  ])("refuses %j", (series, message) => {
    expect(() => trainingCurves(series, { yLabel: "loss" })).toThrow(message);
  });
});

describe("bestOfKCurves", () => {
  it("has a tick at each k, on a logarithmic axis", () => {
    const figure = bestOfKCurves([{ name: "prm", step: [1, 2, 8], value: [0.5, 0.6, 0.7] }]);
    expect(figure.layout["xaxis"]).toMatchObject({ type: "log", tickvals: [1, 2, 8], range: [0, Math.log10(8)] });
  });

  it("draws a series' own interval, the oracle in grey without marks, and pass@1 as a level", () => {
    const prm = { name: "prm", step: [1, 2], value: [0.4, 0.5], interval: { low: [0.3, 0.4], high: [0.5, 0.7] } };
    const oracle = { name: "oracle", step: [1, 2], value: [0.4, 0.8] };
    const figure = bestOfKCurves([prm, oracle], { oracle: "oracle", passAt1: 0.4 });
    const [level, band, line, best] = figure.data;
    expect(level).toMatchObject({ name: "pass@1", x: [1, 2], y: [0.4, 0.4] });
    expect(band.y).toEqual([0.5, 0.7, 0.4, 0.3, null]);
    expect(line).toMatchObject({ name: "prm", mode: "lines+markers" });
    expect(best).toMatchObject({ name: "oracle", mode: "lines", line: { color: "#595959" } });
    expect(texts(figure).sort()).toEqual(["band: 95 % interval", "oracle", "pass@1", "prm"]);
  });

  it("leaves out ticks that would touch", () => {
    const k = Array.from({ length: 64 }, (_, i) => i + 1);
    const { tickvals } = bestOfKCurves([{ name: "prm", step: k, value: k }]).layout["xaxis"] as { tickvals: number[] };
    expect(tickvals.slice(0, 4)).toEqual([1, 2, 3, 5]);
    for (let i = 1; i < tickvals.length; i++) expect(Math.log(tickvals[i] / tickvals[i - 1]) / Math.log(64)).toBeGreaterThan(0.07); // prettier-ignore
  });

  const at = { name: "prm", step: [1, 2], value: [0.5, 0.6] };
  it.each([
    [[{ ...at, step: [0, 1] }], {}, /k is 0/],
    [[at], { oracle: "best" }, /oracle "best" is none of prm/],
    [[at], { passAt1: NaN }, /passAt1 is NaN/],
    [[{ ...at, interval: { low: [0.4], high: [0.6] } }], {}, /"prm" has 2 values, 1 lower and 1 upper bounds/],
    [[{ ...at, interval: { low: [0.4, 0.7], high: [0.6, 0.8] } }], {}, /\[0.7, 0.8\] around 0.6 at k = 2/],
    [[at, { ...at, interval: { low: [0.4, 0.5], high: [0.6, 0.8] } }], {}, /2 runs and an interval/],
  ])("refuses what does not fit (%#)", (series, options, message) => {
    expect(() => bestOfKCurves(series, options)).toThrow(message);
  });
});

describe("alphaOverTime", () => {
  const names = ["low", "high"];
  const steps = [10, 20, 30];
  const values = Float32Array.from([1, 1, 0.5, 1.5, 0.25, 1.75]);

  it("reads a row-major matrix and one row per name alike", () => {
    const rows = [
      [1, 0.5, 0.25],
      [1, 1.5, 1.75],
    ];
    expect(alphaOverTime({ names, steps, values })).toEqual(alphaOverTime({ names, steps, values: rows }));
    expect(alphaOverTime({ names, steps, values }).data.map((trace) => trace.y)).toEqual(rows);
  });

  it("orders and labels the lines by the quality and reports the rank correlation at the end", () => {
    const figure = alphaOverTime({ names, steps, values }, { against: { low: 0.1, high: 0.9 } });
    expect(figure.data.map((trace) => trace.name)).toEqual(["high (0.9)", "low (0.1)"]);
    expect(texts(figure).at(-1)).toMatch(/Spearman ρ at the end: 1\.00/);
    const reversed = alphaOverTime({ names, steps, values }, { against: { low: 0.9, high: 0.1 } });
    expect(texts(reversed).at(-1)).toMatch(/-1\.00/);
  });

  it("greys what is not highlighted", () => {
    const figure = alphaOverTime({ names, steps, values }, { highlight: ["high"] });
    expect(figure.data[0]).toMatchObject({ name: "low", line: { color: "#B0B0B0" } });
    expect(texts(figure)).toEqual(["high"]);
  });

  it("shows many weights as their distribution with the extremes", () => {
    const many = Array.from({ length: 101 }, (_, i) => `q${i}`);
    const figure = alphaOverTime({ names: many, steps: [1], values: many.map((_, i) => [i / 50]) });
    const [ninety, fifty, median] = figure.data;
    expect(ninety.y).toEqual([1.9, 0.1]);
    expect(fifty.y).toEqual([1.5, 0.5]);
    expect(median.y).toEqual([1]);
    expect(new Set(texts(figure))).toEqual(new Set(["q0", "q1", "q99", "q100"]));
  });

  it.each([
    [{ names, steps, values: values.slice(1) }, {}, /2 names × 3 steps need 6 values, got 5/],
    [{ names, steps: [], values: new Float32Array() }, {}, /2 names and 0 steps/],
    [{ names, steps: [1], values: [[1], [NaN]] }, {}, /weight of "high" is NaN at step 1/],
    [{ names, steps, values }, { against: { low: 1 } }, /quality of "high" is undefined/],
    [{ names, steps, values }, { highlight: ["other"] }, /no entry is named "other"/],
  ])("refuses what does not fit (%#)", (series, options, message) => {
    expect(() => alphaOverTime(series, options)).toThrow(message);
  });
});

describe("alphaAgainstQuality", () => {
  const names = ["a", "b", "c", "d"];
  const quality = { a: 0.1, b: 0.5, c: 0.5, d: 0.9 };

  it("shows mean ± std over seeds and Spearman's correlation with ties", () => {
    const weights = [
      [0.5, 1, 1.2, 2],
      [0.7, 1.2, 1, 1.5],
    ];
    const figure = alphaAgainstQuality({ names, weights, quality });
    expect(figure.data[0].y).toEqual([0.6, 1.1, 1.1, 1.75]);
    // ranks (1, 2.5, 2.5, 4) and a permutation of (1, 2, 3, 4): ρ = 4.5 / √(4.5 · 5) in both seeds
    expect(Math.sqrt(4.5 / 5).toFixed(2)).toBe("0.95");
    expect(texts(figure)).toEqual(["Spearman ρ = 0.95 ± 0.00 (mean ± std, 2 seeds)"]);
  });

  it("has no error bars for one seed", () => {
    const figure = alphaAgainstQuality({ names, weights: [[1, 2, 3, 4]], quality });
    expect(figure.data[0]["error_y"]).toBeUndefined();
    expect(texts(figure)).toEqual(["Spearman ρ = 0.95"]);
  });

  it.each([
    [[], /0 seeds/],
    [[[1, 2]], /seed 0 has 2 weights for 4 names/],
    [[[1, 2, 3, 4], [1, 2, Infinity, 4]], /seed 1 has weight Infinity for "c"/], // prettier-ignore
  ])("refuses weights %j", (weights, message) => {
    expect(() => alphaAgainstQuality({ names, weights, quality })).toThrow(message);
  });
});

describe("barsWithSpread", () => {
  it("draws the mean, the standard deviation and every seed", () => {
    const figure = barsWithSpread([{ name: "a", values: [1, 2, 3] }], { yLabel: "AUC", level: { label: "chance", value: 0.5 } }); // prettier-ignore
    expect(figure.data[0]).toMatchObject({ y: [2], error_y: { array: [1] } });
    expect(figure.data[1].y).toEqual([1, 2, 3]);
    expect(texts(figure)).toEqual(["mean ± std, N = 3 seeds (points)", "chance"]);
  });

  it("sets the bars of a task side by side", () => {
    const bars = ["t1", "t2"].flatMap((task) => ["a", "b"].map((name) => ({ name, task, values: [1] })));
    const figure = barsWithSpread(bars, { yLabel: "AUC" });
    expect(figure.data[0].x).toEqual([-0.2, 0.8]);
    expect(figure.data[2].x).toEqual([0.2, 1.2]);
    expect(figure.layout["showlegend"]).toBe(true);
  });

  it("draws intervals in place of the standard deviation where all bars have one", () => {
    const bars = [{ name: "a", values: [1, 3], interval: [1.5, 4] as const }];
    const figure = barsWithSpread(bars, { yLabel: "AUC" });
    expect(figure.data[0]).toMatchObject({ y: [2], error_y: { array: [2], arrayminus: [0.5], symmetric: false } });
    expect(texts(figure)).toEqual(["mean and 95 % interval, N = 2 seeds (points)"]);
    const refused = (more: object) => () => barsWithSpread([...bars, { name: "b", values: [1], ...more }], { yLabel: "AUC" }); // prettier-ignore
    expect(refused({})).toThrow(/1 of 2 bars have an interval/);
    expect(refused({ interval: [2, 3] })).toThrow(/interval \[2, 3\] of "b" does not hold its mean/);
  });

  it.each([
    [[], /no bars/],
    [[{ name: "a", values: [] }], /"a" has no values/],
    [[{ name: "a", task: "t", values: [1, NaN] }], /"a" of "t" has NaN for seed 1/],
    [[{ name: "a", values: [1] }, { name: "a", values: [2] }], /"a" is given twice/], // prettier-ignore
  ])("refuses %j", (bars, message) => {
    expect(() => barsWithSpread(bars, { yLabel: "AUC" })).toThrow(message);
  });
});
