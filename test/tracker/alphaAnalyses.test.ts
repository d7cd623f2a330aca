import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { averageRanks, spearman } from "../../lib/core/statistics.js";
import type { StepSample, TrainSet } from "../../lib/data/types.js";
import { rocAuc } from "../../lib/select/rocAuc.js";
import { alphaCorrelation } from "../../lib/tracker/alpha/correlation.js";
import { wrongLabelDetector, wrongLabelRoc } from "../../lib/tracker/alpha/detector.js";
import { alphaHistogram, alphaQuantiles } from "../../lib/tracker/alpha/distribution.js";
import { bottomEntries, rowTexts, topEntries } from "../../lib/tracker/alpha/entries.js";
import { alphaMovement } from "../../lib/tracker/alpha/movement.js";
import { AlphaSeries } from "../../lib/tracker/alpha/series.js";

const draw = random("analyses");
const [K, T] = [301, 5];
const names = Array.from({ length: K }, (_, k) => `q-${k}`);
const steps = Array.from({ length: T }, (_, t) => 10 * t);
/** In steps of .05 from 0, so that many tie. */
const series = new AlphaSeries(
  names,
  steps,
  Float32Array.from({ length: T * K }, (_, i) =>
    i < K ? 1 : Math.max(0, Math.round((1 + draw.normal() / 2) * 20) / 20),
  ),
);
const rows = steps.map((step) => Array.from(series.at(step)));
const broken = new AlphaSeries(["a", "b"], [1, 2], new Float32Array([1, 1, 1, NaN]));
const empty = new AlphaSeries([], [], new Float32Array());
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

test.each([
  ["alphaQuantiles", alphaQuantiles],
  ["alphaHistogram", alphaHistogram],
  ["topEntries", (s: AlphaSeries) => topEntries(s, 1)],
  ["alphaMovement", (s: AlphaSeries) => alphaMovement(s, 1, 2)],
  ["alphaCorrelation", (s: AlphaSeries) => alphaCorrelation(s, [1, 2])],
  ["wrongLabelDetector", (s: AlphaSeries) => wrongLabelDetector(s, [0, 1])],
])("%s names a weight that is not finite, and refuses a run without weights", (name, analyse) => {
  expect(() => void analyse(broken)).toThrow(`${name}: the weight of "b" at step 2 is NaN`);
  expect(() => void analyse(empty)).toThrow(/no snapshot of the weights was logged|no weights at step/);
});

describe("the distribution over time", () => {
  test("has the quantiles and the mean of each snapshot", () => {
    const fan = alphaQuantiles(series);
    expect(fan).toMatchObject({ entries: K, steps, fractions: [0.05, 0.25, 0.5, 0.75, 0.95] });
    rows.forEach((row, t) => {
      const sorted = [...row].sort((a, b) => a - b);
      // 301 entries: each fraction falls on an entry
      expect(fan.values.map((v) => v[t])).toEqual([15, 75, 150, 225, 285].map((rank) => sorted[rank]));
      expect(fan.mean[t]).toBeCloseTo(sum(row) / K, 12);
    });
    expect(() => alphaQuantiles(series, { fractions: [0.5, 1.5] })).toThrow(/fraction 1.5 must lie in \[0, 1\]/);
  });

  test("is counted in bins whose edges belong to the upper one, but for the last", () => {
    for (const options of [
      {},
      { bins: 7 },
      { bins: 40, range: [0, 2] as const },
      { bins: 3, range: [0.5, 1] as const },
    ]) {
      const { edges, counts, outside } = alphaHistogram(series, options);
      const bins = edges.length - 1;
      rows.forEach((row, t) => {
        const expected = Array.from({ length: bins }, (_, b) => {
          const within = (w: number) => w >= edges[b] && (b === bins - 1 ? w <= edges[b + 1] : w < edges[b + 1]);
          return row.filter(within).length;
        });
        expect(Array.from(counts.subarray(t * bins, (t + 1) * bins))).toEqual(expected);
        expect(outside[t]).toBe(K - sum(expected));
      });
    }
    expect(sum(Array.from(alphaHistogram(series).outside))).toBe(0);
  });

  test("of weights that are all alike has a range around them", () => {
    const { edges, counts } = alphaHistogram(new AlphaSeries(["a", "b"], [0], new Float32Array([1, 1])), { bins: 3 });
    expect([Array.from(edges), Array.from(counts)]).toEqual([[0.5, 0.5 + 1 / 3, 0.5 + 2 / 3, 1.5], [0, 2, 0]]); // prettier-ignore
  });

  test.each([
    [{ bins: 0 }, /0 bins/],
    [{ bins: 2.5 }, /2.5 bins/],
    [{ range: [1, 1] as const }, /range \[1, 1\]/],
    [{ range: [0, Infinity] as const }, /range \[0, Infinity\]/],
  ])("refuses %j", (options, message) => {
    expect(() => alphaHistogram(series, options)).toThrow(message);
  });
});

describe("entries", () => {
  const ordered = (row: readonly number[], sign: number) =>
    row.map((weight, index) => ({ name: names[index], index, weight })).sort((a, b) => sign * (a.weight - b.weight));

  test("heaviest and lightest, equal ones in the order of the names", () => {
    expect(topEntries(series, 20)).toEqual(ordered(rows[4], -1).slice(0, 20));
    expect(bottomEntries(series, 20)).toEqual(ordered(rows[4], 1).slice(0, 20));
    expect(topEntries(series, 3, { step: 25 })).toEqual(ordered(rows[2], -1).slice(0, 3));
    expect(topEntries(series, 3, { step: 0 }).map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(topEntries(series, 1000)).toHaveLength(K);
    expect(() => topEntries(series, 1.5)).toThrow(/n is 1.5/);
    expect(() => topEntries(series, 1, { step: -1 })).toThrow(/no weights at step -1/);
  });

  test("come with the text of their row, by its id or its number", () => {
    const sample = (id: string, last: string) => ({ id, question: `What is ${id}?`, steps: ["first", last] }) as unknown as StepSample; // prettier-ignore
    const train = { samples: [sample("a/1", "so 3"), sample("a/2", "so 4")] } as unknown as TrainSet;
    const named = new AlphaSeries(["a/2", "a/1", "other"], [0], new Float32Array([2, 1, 0]));
    expect(topEntries(named, 3, { texts: rowTexts(train) })).toEqual([
      { name: "a/2", index: 0, weight: 2, text: "What is a/2?\nso 4" },
      { name: "a/1", index: 1, weight: 1, text: "What is a/1?\nso 3" },
      { name: "other", index: 2, weight: 0 },
    ]);
    const numbered = new AlphaSeries(["0", "1"], [0], new Float32Array([0, 2]));
    expect(topEntries(numbered, 1, { texts: rowTexts(train) })[0].text).toBe("What is a/2?\nso 4");
  });
});

test("movement between two steps", () => {
  const moved = alphaMovement(series, 15, 40, { n: 12, texts: (name) => `text of ${name}` });
  const [from, to] = [rows[1], rows[4]];
  const change = from.map((w, k) => Math.fround(to[k] - w));
  const [fromRank, toRank] = [from, to].map((row) => averageRanks(row.map((w) => -w)));
  const entry = (k: number) => ({
    ...{ name: names[k], index: k, text: `text of ${names[k]}`, from: from[k], to: to[k], change: change[k] },
    ...{ fromRank: fromRank[k], toRank: toRank[k] },
  });
  const order = change.map((_, k) => k).sort((a, b) => change[a] - change[b]);
  expect(moved.decreases).toEqual(order.slice(0, 12).map(entry));
  expect(moved.increases).toEqual(change.map((_, k) => k).sort((a, b) => change[b] - change[a]).slice(0, 12).map(entry)); // prettier-ignore
  expect(moved).toMatchObject({ fromStep: 10, toStep: 40 });
  expect(moved.l1).toBeCloseTo(sum(from.map((w, k) => Math.abs(to[k] - w))), 9);
  expect(moved.l2).toBeCloseTo(Math.sqrt(sum(from.map((w, k) => (to[k] - w) ** 2))), 9);
  expect([moved.grown, moved.fallen, moved.same]).toEqual([
    change.filter((c) => c > 0).length,
    change.filter((c) => c < 0).length,
    change.filter((c) => c === 0).length,
  ]);
  expect(moved.rankCorrelation).toBeCloseTo(spearman(from, to) as number, 12);
  const still = alphaMovement(series, 0, 5);
  expect(still).toMatchObject({ l1: 0, l2: 0, same: K, increases: [], decreases: [] });
  expect(still.rankCorrelation).toBeUndefined();
});

test("correlation with a reference at every snapshot", () => {
  const quality = names.map((_, k) => rows[3][k] + draw.normal());
  const { spearman: ranks, pearson } = alphaCorrelation(series, quality);
  expect([ranks[0], pearson[0]]).toEqual([undefined, undefined]); // all weights are 1
  for (let t = 1; t < T; t++) expect(ranks[t]).toBeCloseTo(spearman(rows[t], quality) as number, 12);
  const twice = new AlphaSeries(["a", "b", "c"], [0], new Float32Array([1, 2, 4]));
  expect(alphaCorrelation(twice, { a: 10, b: 20, c: 40 }).pearson[0]).toBeCloseTo(1, 12);
  expect(alphaCorrelation(twice, new Float64Array([3, 2, 1])).spearman).toEqual([-1]);
  expect(() => alphaCorrelation(twice, { a: 1, b: 2 })).toThrow(/no value for "c"/);
  expect(() => alphaCorrelation(twice, [1, 2])).toThrow(/3 values against 2/);
  expect(() => alphaCorrelation(twice, [1, 2, NaN])).toThrow(/value 2 is NaN/);
});

describe("weights as a detector of wrong labels", () => {
  const wrong = names.map((_, k) => (draw.next() < 1 / (1 + Math.exp(4 * (rows[4][k] - 0.7))) ? 1 : 0));

  test("the area is P(a wrong row weighs less than a right one), by its definition", () => {
    const { auc, steps: at, last } = wrongLabelDetector(series, wrong);
    expect(at).toEqual(steps);
    expect(auc[0]).toBe(0.5); // all weights tie
    rows.forEach((row, t) => expect(auc[t]).toBeCloseTo(rocAuc(row, wrong.map((w) => (w === 1 ? 0 : 1))) as number, 12)); // prettier-ignore
    expect(last.auc).toBe(auc[4]);
    expect(last.auc).toBeGreaterThan(0.6);
  });

  test("each point of the curve is what calling all weights up to its threshold wrong does", () => {
    const { threshold, falsePositiveRate, truePositiveRate } = wrongLabelDetector(series, wrong).last;
    const distinct = [...new Set(rows[4])].sort((a, b) => a - b);
    expect(Array.from(threshold)).toEqual([-Infinity, ...distinct]);
    const share = (kind: number, at: number) => {
      const own = rows[4].filter((_, k) => wrong[k] === kind);
      return own.filter((w) => w <= at).length / own.length;
    };
    threshold.forEach((at, p) => {
      expect(falsePositiveRate[p]).toBeCloseTo(share(0, at), 12);
      expect(truePositiveRate[p]).toBeCloseTo(share(1, at), 12);
    });
  });

  test("takes booleans, and refuses what says nothing", () => {
    const weights = new Float32Array([0.1, 1, 0.2]);
    expect(wrongLabelRoc(weights, [true, false, true]).auc).toBe(1);
    expect(wrongLabelRoc(weights, new Uint8Array([0, 1, 0])).auc).toBe(0);
    expect(() => wrongLabelRoc(weights, [0, 0, 0])).toThrow(/0 of 3 labels are wrong; a detector needs both kinds/);
    expect(() => wrongLabelRoc(weights, [1, 1, 1])).toThrow(/3 of 3/);
    expect(() => wrongLabelRoc(weights, [1, 2, 0])).toThrow(/label 1 is 2; give 0 or 1/);
    expect(() => wrongLabelRoc(weights, [1, 0])).toThrow(/2 labels for 3 weights/);
    expect(() => wrongLabelRoc(weights, [1, 0.5, 0])).toThrow(/label 1 is 0.5/);
    expect(() => wrongLabelRoc(new Float32Array([1, NaN]), [0, 1])).toThrow(/weight 1 is NaN/);
  });
});
