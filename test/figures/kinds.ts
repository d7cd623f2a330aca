/** Every kind of figure, with data that is hard to lay out: long names, ends that coincide, many seeds. */
import {
  alphaAgainstQuality,
  alphaOverTime,
  barsWithSpread,
  bestOfKCurves,
  calibrationDiagram,
  headroomPlot,
  hypergradientError,
  intervals,
  trainingCurves,
} from "../../lib/figures/figures.js";
import { detectorCurve } from "../../lib/figures/detectorCurve.js";
import { weightFan } from "../../lib/figures/weightFan.js";
import { weightHistogram } from "../../lib/figures/weightHistogram.js";
import { weightMovement } from "../../lib/figures/weightMovement.js";
import { random } from "../../lib/core/random.js";
import type { Figure } from "../../lib/figures/types.js";

const draw = random(1);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const noise = (size: number): number => size * (draw.next() - 0.5);

const domains = ["geometry", "counting", "number theory", "probability", "word problems", "tables", "clocks", "charts", "balance", "sets", "sequences", "logic grids"]; // prettier-ignore
const quality = Object.fromEntries(domains.map((name, i) => [name, 1 - i / 15]));

const seeds = (name: string, n: number, value: (x: number) => number, size: number) =>
  range(n).map(() => {
    const shift = noise(size);
    return { name, step: range(101).map((i) => 20 * i), value: range(101).map((i) => value(i / 100) + shift + noise(size)) }; // prettier-ignore
  });
const losses = [
  ...seeds("vanilla", 5, (t) => 0.2 + 0.8 * Math.exp(-5 * t), 0.08),
  ...seeds("domain table", 5, (t) => 0.17 + 0.8 * Math.exp(-6 * t), 0.08),
  ...seeds("instance net (Meta-Weight-Net)", 5, (t) => 0.165 + 0.8 * Math.exp(-7 * t), 0.08),
];
const ks = [1, 2, 4, 8, 16, 32, 64];
const scaling = (name: string, slope: number, half = 0.025) => {
  const value = ks.map((k) => 0.42 + slope * Math.log2(k));
  return { name, step: ks, value, interval: { low: value.map((v) => v - half), high: value.map((v) => v + half) } };
};
const bins = (bend: number) =>
  range(10).map((b) => {
    const meanScore = (b + 0.5) / 10;
    return { low: b / 10, high: (b + 1) / 10, count: 40 + 30 * Math.abs(b - 4), meanScore, shareRight: meanScore ** bend }; // prettier-ignore
  });
const closed = (name: string, ofMeans: number, group?: string) => ({
  name,
  ...(group === undefined ? {} : { group }),
  ofMeans,
  bySeed: range(5).map(() => ofMeans + noise(0.2)),
  interval: [ofMeans - 0.12, ofMeans + 0.12] as const,
});
const errors = (name: string, error: (n: number) => number) =>
  range(3).map(() => ({ name, cost: [1, 2, 4, 8, 16, 32, 64, 128], error: [1, 2, 4, 8, 16, 32, 64, 128].map((n) => error(n) * Math.exp(noise(1))) })); // prettier-ignore
const methods = ["vanilla", "domain table", "instance table", "instance net"];

export const kinds: Readonly<Record<string, Figure>> = {
  "training-curves": trainingCurves(losses, { yLabel: "meta loss (squared error)" }),
  "training-curves-log": trainingCurves(
    [...seeds("vanilla", 3, (t) => Math.exp(-9 * t), 0), ...seeds("domain table", 1, (t) => Math.exp(-12 * t), 0)],
    { yLabel: "step loss", logY: true },
  ),
  "alpha-over-time": alphaOverTime({
    names: domains,
    steps: range(50).map((i) => i * 40),
    values: domains.map((_, d) => range(50).map((i) => 1 + (d < 9 ? 0.002 * d : 0.6) * (i / 50) * (d % 2 ? 1 : -1))),
  }),
  "alpha-over-time-quality": alphaOverTime(
    {
      names: domains,
      steps: range(50).map((i) => i * 40),
      values: domains.map((name) => range(50).map((i) => 1 + (quality[name] - 0.6) * (i / 25) + noise(0.05))),
    },
    { against: quality, xLabel: "iteration" },
  ),
  "alpha-over-time-many": alphaOverTime({
    names: range(500).map((i) => `counting-train-${i}-1-2`),
    steps: range(30).map((i) => i * 20),
    values: range(500).map((row) => range(30).map((i) => Math.max(0, 1 + (row / 250 - 1) * (i / 29) + noise(0.1)))),
  }),
  "alpha-against-quality": alphaAgainstQuality({
    names: domains,
    weights: range(5).map(() => domains.map((name) => 0.3 + 1.2 * quality[name] + noise(0.4))),
    quality,
  }),
  "bars": barsWithSpread(methods.map((name, i) => ({ name, values: range(5).map(() => 0.57 + 0.06 * i + noise(0.04)) })), { yLabel: "step AUC", level: { label: "chance", value: 0.5 } }), // prettier-ignore
  "bars-domain-vs-instance": barsWithSpread(
    ["label noise", "solution level", "step level"].flatMap((task) =>
      methods.map((name, i) => {
        const values = range(5).map(() => 0.57 + 0.06 * i + noise(0.04));
        const mean = values.reduce((a, b) => a + b) / 5;
        return { name, task, values, interval: [mean - 0.02, mean + 0.03] as const };
      }),
    ),
    { yLabel: "best-of-8 accuracy" },
  ),
  intervals: intervals(
    ["instance-net-published", "domain-table", "small-loss", "meta-weight-net"].flatMap((name, i) =>
      ["meta set: steps", "meta set: outcomes", "none"].map((group, g) => {
        const value = 0.05 * i - 0.02 * g;
        return { name, group, value, interval: [value - 0.02, value + 0.02] as const, values: range(5).map(() => value + noise(0.05)) }; // prettier-ignore
      }),
    ),
    { xLabel: "step AUC − vanilla (95 % interval)", references: [{ label: "vanilla", value: 0 }, { label: "clean labels", value: 0.2 }] }, // prettier-ignore
  ),
  headroom: headroomPlot([
    closed("domain table", 0.15),
    closed("instance table", 0.45),
    closed("instance net", 0.8),
    closed("Meta-Weight-Net (loss)", -0.05),
  ]),
  calibration: calibrationDiagram([{ name: "PRM", bins: bins(1.6) }, { name: "PRM, domain weights", bins: bins(1.05) }]), // prettier-ignore
  "best-of-k": bestOfKCurves(
    [scaling("oracle", 0.085), scaling("PRM, domain weights", 0.05), scaling("PRM, vanilla", 0.034), scaling("self-consistency", 0.03)], // prettier-ignore
    { oracle: "oracle", passAt1: 0.42, intervalLabel: "95 % bootstrap interval over questions" },
  ),
  "hypergradient-error": hypergradientError(
    [
      ...errors("unrolled", (n) => 0.9 * 0.95 ** n),
      ...errors("Neumann", (n) => 0.9 * 0.97 ** n),
      ...errors("conjugate gradient", (n) => (n > 32 ? 0 : 0.8 * 0.6 ** n)),
    ],
    { xLabel: "terms" },
  ),
  "weight-fan": weightFan({
    entries: 6000,
    steps: range(30).map((i) => i * 20),
    fractions: [0.05, 0.25, 0.5, 0.75, 0.95],
    values: [0.05, 0.25, 0.5, 0.75, 0.95].map((f) => range(30).map((i) => 1 + ((f - 0.5) * i) / 20)),
    mean: range(30).map((i) => 1 + i / 200),
  }),
  "weight-histogram": weightHistogram({
    entries: 6000,
    steps: range(8).map((i) => i * 300),
    edges: range(21).map((i) => i / 10),
    counts: range(8).flatMap((t) => range(20).map((b) => 1000 * Math.exp(-(((b - 9.5) / (1 + t)) ** 2)))),
  }),
  "weight-movement": weightMovement({
    fromStep: 0,
    toStep: 2000,
    increases: range(8).map((i) => ({ name: `counting-train-${i}-1-2`, from: 1, to: 2 - 0.1 * i })),
    decreases: range(8).map((i) => ({ name: `the text of a row that is long, ${i}`, from: 1.2, to: 0.1 * i })),
  }),
  "detector-curve": detectorCurve(
    ["instance table", "instance net", "Meta-Weight-Net (loss)"].flatMap((name, m) =>
      range(3).map(() => {
        const power = 0.3 + 0.2 * m + noise(0.1);
        const falsePositiveRate = range(51).map((i) => i / 50);
        return { name, falsePositiveRate, truePositiveRate: falsePositiveRate.map((x) => x ** power), auc: 1 / (1 + power) }; // prettier-ignore
      }),
    ),
  ),
};
