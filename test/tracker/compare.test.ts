import { expect, test } from "vitest";
import { compareRuns } from "../../lib/tracker/compare.js";
import { toDataFrame } from "../../lib/tracker/dataFrame.js";
import type { PlainObject } from "../../lib/tracker/plain.js";
import type { RunSummary } from "../../lib/tracker/runRecord.js";

const run = (id: string, params: PlainObject, summary: PlainObject): RunSummary => ({
  ...{ id, params, summary, name: `n${id}`, folder: "", tags: [], status: "finished", startedAt: "", wallMs: 0 },
  ...(typeof params.seed === "number" && { seed: params.seed }),
});

const runs = [
  run("1", { seed: 1, lower: { rate: 0.1, clip: 5 }, hidden: [8, 8] }, { auc: 0.5, best: { at: 3 }, text: "x" }),
  run("2", { seed: 2, lower: { rate: 0.1, clip: 5 }, hidden: [8, 8] }, { auc: 0.7 }),
  run("3", { seed: 1, lower: { rate: 0.2, clip: 5 }, hidden: [8, 9] }, { auc: 0.9 }),
  run("4", { seed: 1, lower: { clip: 5 }, hidden: [8, 8] }, {}),
];

test("only what differs, apart from the summaries' numbers", () => {
  const { params, metrics, rows } = compareRuns(runs);
  expect(params).toEqual(["seed", "lower.rate", "hidden"]);
  expect(metrics).toEqual(["auc", "best.at"]);
  expect(rows[0]).toEqual({
    ...{ run: "1", name: "n1", status: "finished", seed: 1 },
    params: { seed: 1, "lower.rate": 0.1, hidden: [8, 8] },
    metrics: { auc: 0.5, "best.at": 3 },
  });
  expect(rows[3].params).toEqual({ seed: 1, hidden: [8, 8] });
});

test("groups differ in more than the seed; mean and sample deviation", () => {
  const { groups } = compareRuns(runs);
  expect(groups.map((group) => group.runs)).toEqual([["1", "2"], ["3"], ["4"]]);
  expect(groups[0].params).toEqual({ "lower.rate": 0.1, hidden: [8, 8] });
  expect(groups[0].names).toEqual(["n1", "n2"]);
  expect(groups[0].metrics.auc.mean).toBeCloseTo(0.6, 12);
  expect(groups[0].metrics.auc.std).toBeCloseTo(Math.sqrt(0.02), 12); // ((0.1)² + (0.1)²) / (2 − 1)
  expect(groups[0].metrics.auc.n).toBe(2);
  expect(groups[0].metrics["best.at"]).toEqual({ mean: 3, std: null, n: 1 });
  expect(groups[2].metrics).toEqual({});
});

test("runs that agree in all parameters leave nothing to show; no runs are no groups", () => {
  expect(compareRuns([runs[0], runs[0]])).toMatchObject({ params: [], groups: [{ runs: ["1", "1"] }] });
  expect(compareRuns([])).toEqual({ params: [], metrics: [], rows: [], groups: [] });
});

test("a data frame has dotted columns, and NaN where a row has nothing", () => {
  const frame = toDataFrame(compareRuns(runs).rows);
  expect(frame.shape).toEqual([4, 9]);
  expect(frame.columns).toContain("params.lower.rate");
  expect(frame.column("metrics.auc").values).toEqual([0.5, 0.7, 0.9, NaN]);
  expect(frame.column("metrics.auc").dtype).toMatch(/float/);
  expect(frame.column("params.hidden").values[2]).toBe("[8,9]");
  expect(() => toDataFrame([])).toThrow(/at least one row/);
});
