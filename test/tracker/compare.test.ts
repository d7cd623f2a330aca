import { expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { compareGroups } from "../../lib/tracker/compareGroups.js";
import { compareRuns } from "../../lib/tracker/compare.js";
import { toDataFrame } from "../../lib/tracker/dataFrame.js";
import { digestOf } from "../../lib/tracker/digest.js";
import { diffRuns } from "../../lib/tracker/diffRuns.js";
import type { PlainObject } from "../../lib/tracker/plain.js";
import type { RunDetails, RunSummary } from "../../lib/tracker/runRecord.js";

type Series = Readonly<Record<string, readonly number[]>>;

const run = (id: string, params: PlainObject, summary: PlainObject, series: Series = {}): RunSummary => ({
  ...{ id, params, summary, name: `n${id}`, folder: "", tags: [], status: "finished", startedAt: "", wallMs: 0 },
  ...(typeof params.seed === "number" && { seed: params.seed }),
  notes: "",
  digests: Object.fromEntries(
    Object.entries(series).map(([name, values]) => [name, digestOf(values.map((value, step) => ({ step, value })))]),
  ),
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
  expect(groups[0].seeds).toEqual([1, 2]);
  expect(groups[0].metrics.auc.mean).toBeCloseTo(0.6, 12);
  expect(groups[0].metrics.auc.std).toBeCloseTo(Math.sqrt(0.02), 12); // ((0.1)² + (0.1)²) / (2 − 1)
  expect(groups[0].metrics.auc).toMatchObject({ n: 2, values: [0.5, 0.7] });
  // of two values the resampled means are 0.5, 0.6, 0.6, 0.7, a quarter each: the 2.5 % quantiles are the values
  expect(groups[0].metrics.auc.interval).toEqual([0.5, 0.7]);
  expect(groups[0].metrics["best.at"]).toEqual({ mean: 3, std: null, interval: null, n: 1, values: [3] });
  expect(groups[2].metrics).toEqual({});
});

test("the interval of many seeds is the normal one, and the same every time", () => {
  const draw = random(3);
  const many = Array.from({ length: 200 }, (_, seed) => run(`r${seed}`, { seed }, { auc: draw.normal() }));
  const { interval, mean, std, n } = compareRuns(many).groups[0].metrics.auc;
  const half = (1.96 * (std ?? NaN)) / Math.sqrt(n);
  expect(interval?.[0]).toBeCloseTo(mean - half, 1);
  expect(interval?.[1]).toBeCloseTo(mean + half, 1);
  expect(Math.abs((interval?.[1] ?? NaN) - (interval?.[0] ?? NaN) - 2 * half)).toBeLessThan(0.1 * half);
  expect(compareRuns(many).groups[0].metrics.auc.interval).toEqual(interval);
  expect(compareRuns(many, { seed: 2 }).groups[0].metrics.auc.interval).not.toEqual(interval);
});

const logged = [
  run("1", { seed: 1, lr: 1, w: "a" }, { auc: 0.6 }, { auc: [0.5, 0.9, 0.7], "upper.loss": [4, 2, 3] }),
  run("2", { seed: 2, lr: 1, w: "b" }, { auc: 0.8 }, { auc: [0.7, 0.8], "upper.loss": [6, 4, 4] }),
  run("3", { seed: 1, lr: 2, w: "a" }, {}, { auc: [0.2], "upper.loss": [9, NaN] }),
];

test("best and other statistics of the logged series; chosen metrics", () => {
  const { metrics, rows, groups } = compareRuns(logged, { statistics: ["best", "last", "mean"], by: ["lr"] });
  const of = (metric: string) => ["best", "last", "mean"].map((statistic) => `${metric}.${statistic}`);
  expect(metrics).toEqual(["auc", ...of("auc"), ...of("upper.loss")]);
  expect(rows[0].metrics).toEqual({
    ...{ auc: 0.6, "auc.best": 0.9, "auc.last": 0.7, "auc.mean": expect.closeTo(0.7, 12) as number },
    ...{ "upper.loss.best": 2, "upper.loss.last": 3, "upper.loss.mean": 3 },
  });
  expect(rows[2].metrics).not.toHaveProperty("auc"); // the summary alone has it, and this run has none
  expect(groups[0].metrics["upper.loss.best"]).toMatchObject({ mean: 3, std: Math.SQRT2, n: 2, values: [2, 4] });
  expect(groups[1].metrics["upper.loss.last"]).toEqual({
    ...{ mean: NaN, std: null, interval: null, n: 0, diverged: 1, values: [NaN] },
  });

  const chosen = compareRuns(logged, { metrics: ["upper.loss.best", "auc"], best: { "upper.loss": "max" } });
  expect(chosen.metrics).toEqual(["upper.loss.best", "auc"]);
  expect(chosen.rows.map((row) => row.metrics)).toEqual([
    { "upper.loss.best": 4, auc: 0.6 },
    { "upper.loss.best": 6, auc: 0.8 },
    { "upper.loss.best": 9, auc: 0.2 },
  ]);
  expect(() => compareRuns(logged, { metrics: ["upper.los.best"] })).toThrow(
    /no run has metrics\.upper\.los; did you mean metrics\.upper\.loss\?/,
  );
});

test("groups by given values, as in a query; what diverged is counted, not averaged", () => {
  const { groups } = compareRuns(logged, { by: ["w", "params.lr"] });
  expect(groups.map((group) => [group.params, group.runs])).toEqual([
    [{ w: "a", "params.lr": 1 }, ["1"]],
    [{ w: "b", "params.lr": 1 }, ["2"]],
    [{ w: "a", "params.lr": 2 }, ["3"]],
  ]);
  const byStatus = compareRuns(logged, { by: ["status"], metrics: ["upper.loss"] });
  expect(byStatus.groups).toHaveLength(1);
  expect(byStatus.groups[0].metrics["upper.loss"]).toMatchObject({ mean: 3.5, n: 2, diverged: 1, values: [3, 4, NaN] });
  expect(() => compareRuns(logged, { by: ["params.wieghting"] })).toThrow(/column 1: no run has params\.wieghting/);
  expect(() => compareRuns(logged, { by: ["metrics.auc.at(1)"] })).toThrow(/needs the series of run 1/);
});

test("runs that agree in all parameters leave nothing to show; no runs are no groups", () => {
  expect(compareRuns([runs[0], runs[0]])).toMatchObject({ params: [], groups: [{ runs: ["1", "1"] }] });
  expect(compareRuns([])).toEqual({ params: [], metrics: [], rows: [], groups: [] });
});

test("two groups over their common seeds", () => {
  const group = (name: string, values: Readonly<Record<number, number | undefined>>) =>
    Object.entries(values).map(([seed, auc]) =>
      run(`${name}${seed}`, { seed: Number(seed) }, auc === undefined ? {} : { auc }),
    );
  const a = group("a", { 4: 0.9, 1: 0.5, 2: 0.7, 3: 0.9, 5: undefined });
  const b = group("b", { 1: 0.4, 2: 0.4, 3: 0.4, 5: 0.1, 10: 0.2 });
  const { seeds, unpaired, differences, mean, std, studentT, bootstrap, signFlip, ...rest } = compareGroups(
    a,
    b,
    "auc",
  );
  expect([seeds, unpaired]).toEqual([
    [1, 2, 3],
    [4, 5, 10],
  ]);
  expect([rest.metric, rest.a, rest.b]).toEqual(["auc", [0.5, 0.7, 0.9], [0.4, 0.4, 0.4]]);
  [0.1, 0.3, 0.5].forEach((expected, i) => expect(differences[i]).toBeCloseTo(expected, 12));
  expect(mean).toBeCloseTo(0.3, 12);
  expect(std).toBeCloseTo(0.2, 12); // √((0.2² + 0 + 0.2²) / 2)
  expect(studentT?.[1]).toBeCloseTo(0.3 + (4.302652729911275 * 0.2) / Math.sqrt(3), 9); // t of 2 degrees of freedom
  expect(bootstrap[0]).toBeCloseTo(0.1, 9); // 1 resample in 27 is 0.1 alone: more than 2.5 %
  expect(signFlip).toEqual({ pValue: 0.25, exact: true }); // 2 of 2³ sign patterns
  expect(compareGroups(a, b, "auc")).toEqual(compareGroups(a, b, "auc", { seed: 1, level: 0.95 }));

  expect(() => compareGroups(a, group("c", { 7: 1 }), "auc")).toThrow(
    /no seed has auc in both groups; their seeds are 1, 2, 3, 4, 5 and 7/,
  );
  expect(() => compareGroups(a, [...b, b[0]], "auc")).toThrow(/run b1 \(nb1\) is the second of its group with seed 1/);
  expect(() => compareGroups(a, [run("x", {}, { auc: 1 })], "auc")).toThrow(/run x \(nx\) has no seed/);
  expect(() => compareGroups(a, [run("x", { seed: 1 }, { auc: NaN })], "auc")).toThrow(/run x \(nx\) has auc = NaN/);
  expect(() => compareGroups(a, b, "acu")).toThrow(/no run has metrics\.acu; did you mean metrics\.auc\?/);
});

const details = (
  summary: RunSummary,
  commit: string,
  packages: PlainObject,
  files: [string, string][],
): RunDetails => ({
  ...summary,
  artifacts: [],
  dataFiles: files.map(([path, sha256]) => ({ path, sha256, rows: 3 })),
  environment: {
    ...{
      git: { commit, dirty: false },
      node: "v22.0.0",
      os: "Linux",
      cpu: { model: "x", cores: 2 },
      memoryBytes: 1,
      gpus: [],
    },
    ...{
      version: "1",
      packages: packages as Record<string, string>,
      argv: ["node", commit],
      cwd: "/",
      backend: "wasm",
    },
  },
});

test("two runs side by side", () => {
  const a = details(logged[0], "abc", { zod: "4.0.0", "opentype.js": "1" }, [
    ["a.jsonl", "1"],
    ["moved.jsonl", "2"],
    ["gone.jsonl", "3"],
  ]);
  const b = details({ ...logged[1], group: "g" }, "def", { zod: "4.1.0", "opentype.js": "1" }, [
    ["a.jsonl", "9"],
    ["here.jsonl", "2"],
  ]);
  expect(diffRuns(a, b)).toEqual({
    run: [
      { path: "name", a: "n1", b: "n2" },
      { path: "seed", a: 1, b: 2 },
      { path: "group", b: "g" },
    ],
    params: [
      { path: "seed", a: 1, b: 2 },
      { path: "w", a: "a", b: "b" },
    ],
    environment: [
      { path: "git.commit", a: "abc", b: "def" },
      { path: "packages.zod", a: "4.0.0", b: "4.1.0" },
      { path: "argv", a: ["node", "abc"], b: ["node", "def"] },
    ],
    dataFiles: [
      { path: "a.jsonl", a: { path: "a.jsonl", sha256: "1", rows: 3 }, b: { path: "a.jsonl", sha256: "9", rows: 3 } },
      { path: "gone.jsonl", a: { path: "gone.jsonl", sha256: "3", rows: 3 } },
    ],
    metrics: [
      {
        ...{ metric: "auc", bestIs: "max", last: { a: 0.7, b: 0.8, difference: expect.closeTo(0.1, 12) as number } },
        best: { a: 0.9, b: 0.8, difference: expect.closeTo(-0.1, 12) as number },
      },
      {
        ...{ metric: "upper.loss", bestIs: "min", last: { a: 3, b: 4, difference: 1 } },
        best: { a: 2, b: 4, difference: 2 },
      },
    ],
  });
  const empty = diffRuns(a, a);
  expect([empty.run, empty.params, empty.environment, empty.dataFiles]).toEqual([[], [], [], []]);
  const [auc, loss, extra] = diffRuns(a, { ...a, digests: logged[2].digests, summary: { extra: 1 } }).metrics;
  expect([auc.last.difference, loss.last]).toEqual([expect.closeTo(-0.5, 12), { a: 3, b: NaN }]); // no difference to NaN
  expect(extra).toEqual({ metric: "extra", bestIs: "max", last: { b: 1 }, best: { b: 1 } });
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
