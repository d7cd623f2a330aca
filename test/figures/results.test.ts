import { describe, expect, it } from "vitest";
import { calibrationDiagram, headroomPlot, hypergradientError } from "../../lib/figures/figures.js";
import { random } from "../../lib/core/random.js";
import { calibrationCurve, expectedCalibrationError } from "../../lib/select/calibration.js";
import { headroomClosed } from "../../lib/select/paired.js";

describe("headroomPlot", () => {
  it("shows what headroomClosed gives, between vanilla and clean labels", () => {
    const closed = headroomClosed([0.6, 0.7], [0.5, 0.6], [0.7, 0.6]); // the second seed has no headroom
    expect(closed.bySeed).toEqual([expect.closeTo(0.5, 12), undefined]);
    expect(closed.ofMeans).toBeCloseTo(1, 12);
    const figure = headroomPlot([{ name: "net", ...closed, interval: [0.5, 1.5] }]);
    expect(figure.data.slice(0, 2)).toMatchObject([{ name: "vanilla", x: [0, 0] }, { name: "clean labels", x: [1, 1] }]); // prettier-ignore
    const [interval, mean, seeds] = figure.data.slice(2);
    expect(interval.x).toEqual([0.5, 1.5, null]);
    expect(mean.x).toEqual([closed.ofMeans]);
    expect(seeds.x).toEqual([closed.bySeed[0]]);
    expect(figure.layout["legend"]).toMatchObject({ title: { text: "95 % interval, N = 1 seeds (open)" } });
  });

  it("refuses a method without headroom and a seed that is not finite", () => {
    expect(() => headroomPlot([{ name: "a", ofMeans: undefined, bySeed: [] }])).toThrow(/"a" has no headroom, as clean labels are no better than vanilla/); // prettier-ignore
    expect(() => headroomPlot([{ name: "a", ofMeans: 1, bySeed: [1, NaN] }])).toThrow(/"a" has NaN for seed 1/);
  });
});

describe("calibrationDiagram", () => {
  const draw = random(7);
  const scores = Array.from({ length: 500 }, () => draw.next());
  const labels = scores.map((score) => (draw.next() < score ** 2 ? 1 : 0));

  it.each(["width", "count"] as const)("has the error and the counts of bins of equal %s", (equal) => {
    const bins = calibrationCurve(scores, labels, { equal });
    const figure = calibrationDiagram([{ name: "PRM", bins }]);
    const [, shares, counts] = figure.data;
    const error = expectedCalibrationError(scores, labels, { equal }) as number;
    expect(shares.name).toBe(`PRM (ECE ${error.toFixed(3)}, n = 500)`);
    expect(shares.x).toEqual(bins.map(({ meanScore }) => meanScore));
    expect(counts.y).toEqual(bins.map(({ count }) => count));
  });

  it("has Wilson's interval: the shares p₀ from which the observed one is 1.96 standard errors away", () => {
    const figure = calibrationDiagram([{ name: "PRM", bins: [{ low: 0, high: 1, count: 20, meanScore: 0.5, shareRight: 0.9 }] }]); // prettier-ignore
    const bars = figure.data[1]["error_y"] as unknown as { array: number[]; arrayminus: number[] };
    for (const p0 of [0.9 + bars.array[0], 0.9 - bars.arrayminus[0]]) {
      expect(Math.abs(0.9 - p0) / Math.sqrt((p0 * (1 - p0)) / 20)).toBeCloseTo(1.959964, 6);
    }
  });

  it("sets the counts of several series side by side within a bin", () => {
    const bins = [{ low: 0, high: 0.5, count: 3, meanScore: 0.2, shareRight: 0.3 }];
    const counts = calibrationDiagram(["a", "b"].map((name) => ({ name, bins }))).data.filter(({ type }) => type === "bar"); // prettier-ignore
    const edges = counts.flatMap(({ x, width }) => [-0.5, 0.5].map((half) => Number(x[0]) + half * (width as number[])[0])); // prettier-ignore
    expect(edges).toEqual([0.025, 0.25, 0.25, 0.475].map((edge) => expect.closeTo(edge, 12) as number));
  });

  const bin = { low: 0, high: 1, count: 1, meanScore: 0.5, shareRight: 0.5 };
  it.each([
    [[], /no series/],
    [[{ name: "a", bins: [] }], /"a" has no bins/],
    [[{ name: "a", bins: [bin, { ...bin, shareRight: 1.2 }] }], /bin 1 of "a".*share right 1.2/],
    [[{ name: "a", bins: [{ ...bin, count: 0 }] }], /bin 0 of "a".*count 0/],
    [[{ name: "a", bins: [{ ...bin, meanScore: NaN }] }], /mean score NaN/],
  ])("refuses %j", (series, message) => {
    expect(() => calibrationDiagram(series)).toThrow(message);
  });
});

describe("hypergradientError", () => {
  it("has geometric means and deviations over seeds", () => {
    const seed = (error: number[]) => ({ name: "CG", cost: [1, 10], error });
    const figure = hypergradientError([seed([0.1, 0.01]), seed([0.4, 0.01])]);
    const [band, , , line] = figure.data;
    // ln 0.1 and ln 0.4 lie ± ln 2 around ln 0.2; their deviation (n − 1) is √2 · ln 2
    const factor = 2 ** Math.SQRT2;
    expect(line.y).toEqual([expect.closeTo(0.2, 12), expect.closeTo(0.01, 12)]);
    expect(band.y.slice(0, 4)).toEqual([0.2 * factor, 0.01, 0.01, 0.2 / factor].map((y) => expect.closeTo(y, 12) as number)); // prettier-ignore
    expect(figure.layout).toMatchObject({ xaxis: { type: "log", range: [0, 1] }, yaxis: { type: "log" } });
  });

  it("draws an error of 0 at the rounding of float32", () => {
    const { data, layout } = hypergradientError([{ name: "exact", cost: [1, 2], error: [0.5, 0] }]);
    expect(data[0].y).toEqual([0.5, expect.closeTo(2 ** -23, 15)]);
    expect(layout["shapes"]).toMatchObject([{ y0: 2 ** -23 }]);
  });

  it.each([
    [{ name: "a", cost: [0, 1], error: [1, 1] }, /"a" has cost 0; costs are positive/],
    [{ name: "a", cost: [1, 2], error: [1, -1] }, /"a" has error -1 at cost 2/],
    [{ name: "a", cost: [1, 2], error: [NaN, 1] }, /"a" has error NaN at cost 1/],
    [{ name: "a", cost: [1, 2], error: [1] }, /2 steps and 1 values/],
  ])("refuses %j", (one, message) => {
    expect(() => hypergradientError([one])).toThrow(message);
  });
});
