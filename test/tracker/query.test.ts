import { expect, test } from "vitest";
import { random, type Random } from "../../lib/core/random.js";
import { digestOf } from "../../lib/tracker/digest.js";
import { bestDirection } from "../../lib/tracker/metricValue.js";
import type { PlainObject } from "../../lib/tracker/plain.js";
import { QueryError } from "../../lib/tracker/query/queryError.js";
import { queryRuns, type RunQuery, selectRuns } from "../../lib/tracker/query/queryRuns.js";
import type { RunRecord, RunSummary } from "../../lib/tracker/runRecord.js";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

type Series = Readonly<Record<string, readonly number[]>>;

/** Series are logged at steps 0, 10, 20, … */
function run(id: string, fields: Partial<RunSummary> = {}, series: Series = {}): RunSummary {
  const digests = Object.fromEntries(Object.entries(series).map(([name, values]) => [name, digestOf(points(values))]));
  return {
    ...{ id, folder: "", name: `run ${id}`, tags: [], status: "finished", notes: "", params: {}, summary: {}, digests },
    ...{ startedAt: "2026-11-20T09:00:00.000Z", wallMs: 1000 },
    ...fields,
  };
}

const points = (values: readonly number[]) => values.map((value, i) => ({ step: 10 * i, value }));

/** A store that has the series, and counts the runs that are read. */
function reader(series: Readonly<Record<string, Series>> = {}) {
  const read: string[] = [];
  const store: Pick<Store, "read"> = {
    read: (id) => {
      read.push(id);
      return Promise.resolve({
        series: (metric: string) => Promise.resolve(points(series[id][metric] ?? [])),
      } as unknown as RunRecord);
    },
  };
  return { store, read };
}

const ids = async (runs: readonly RunSummary[], query: RunQuery | string, store = reader().store): Promise<string> =>
  (await selectRuns(store, runs, typeof query === "string" ? { where: query } : query)).map(({ id }) => id).join("");

async function failure(runs: readonly RunSummary[], query: RunQuery | string): Promise<QueryError> {
  const error = await ids(runs, query).then(
    (found) => new Error(`no error, but the runs "${found}"`),
    (e: unknown) => e,
  );
  if (!(error instanceof QueryError)) throw error;
  return error;
}

const runs = [
  run(
    "a",
    {
      ...{ name: "tables", group: "demo", tags: ["paper", "v2"], seed: 1, notes: "the good one", wallMs: 9e6 },
      params: { metaLr: 1e-3, weighting: "instance-table", lower: { rate: 0.1, clip: null }, hidden: [8, 8], on: true },
      summary: { auc: 0.75, best: { at: 3 } },
    },
    { "upper.loss": [3, 1, 2], auc: [0.5, 0.9, 0.8] },
  ),
  run(
    "b",
    {
      ...{ name: "domains", group: "demo", seed: 2, status: "failed", reason: "no memory", parent: "a" },
      ...{ startedAt: "2026-11-21T09:30:00.000Z", endedAt: "2026-11-21T10:30:00.000Z", wallMs: 3.6e6 },
      params: { metaLr: 1e-4, weighting: "domain-table", lower: { rate: 0.2, clip: 5 }, hidden: [8], on: false },
    },
    { "upper.loss": [NaN, 4], "val-loss": [7] },
  ),
  run(
    "c",
    { status: "running", archived: true, params: { metaLr: 1e-2, "odd name": 1, warmup: "none" } },
    { auc: [0.6] },
  ),
];

test.each<[query: string, found: string]>([
  // the example of the documentation
  ['params.metaLr >= 1e-3 and weighting = "instance-table" and metrics.auc.last > 0.7', "a"],
  // fields
  ['id = "b"', "b"],
  ["name = 'tables'", "a"],
  ['group = "demo"', "ab"],
  ['tags contains "paper"', "a"],
  ['"v2" in tags', "a"],
  ['status in ["failed", "crashed"]', "b"],
  ['reason contains "memory"', "b"],
  ["seed >= 2", "b"],
  ['notes contains "good"', "a"],
  ['parent = "a"', "b"],
  ["archived", "c"],
  ['startedAt >= "2026-11-21"', "b"],
  ["createdAt < 2026-11-21T09:30Z", "a"],
  ['createdAt = "2026-11-21T10:30+01:00"', "b"],
  ['endedAt - startedAt = 1h and endedAt > "2026-11-21T10:29"', "b"],
  ["wallMs > 2h", "a"],
  ["wallMs = 60min or wallMs = 1000ms + 1.5h - 5400s + 0w", "b"],
  ["createdAt > now - 36500d", "ab"],
  // params, by full name or alone; arrays, truths, dots in a name
  ["params.lower.rate = 0.1", "a"],
  ["lower.rate = 0.1", "a"],
  ["hidden = [8, 8]", "a"],
  ["hidden contains 8 and not hidden = [8]", "a"],
  ["on and metaLr > 0", "a"],
  ["not on", "b"],
  ["on = false", "b"],
  ['archived = true and params."odd name" = 1', "c"],
  ["summary.best.at = 3", "a"],
  // metrics: the summary's number, else the last one; statistics; quotes
  ["metrics.auc = 0.75", "a"],
  ["archived in [true, false] and metrics.auc = 0.6", "c"],
  ["metrics.auc.first = 0.5 and metrics.auc.last = 0.8 and metrics.auc.mean > 0.73", "a"],
  ["metrics.auc.best = 0.9 and metrics.auc.max = 0.9 and metrics.auc.min = 0.5", "a"],
  ["metrics.upper.loss.best = 1", "a"],
  ['metrics."upper.loss".best = 1 and metrics.upper."loss".max = 3', "a"],
  ['metrics."val-loss".best = 7', "b"],
  ["metrics.upper.loss.first = nan", "b"],
  ["metrics.upper.loss.first != nan", "a"],
  ["metrics.upper.loss.last < infinity", "ab"],
  ["metrics.best.at = 3", "a"], // a number of the summary alone is a series of one value
  ["metrics.best.at.min = 3", "a"],
  // what is missing: no comparison holds, null finds it
  ["metrics.auc > 0", "a"],
  ["metrics.auc != 0.75", ""],
  ["metrics.auc = null", "b"],
  ["lower.clip = null", "a"],
  ["null != lower.clip", "b"],
  ["tags not contains 'paper'", "b"],
  ["seed not in [1]", "b"],
  ["endedAt != now", "b"],
  ["params.never = null and metrics.never.best = null", "ab"],
  ["-metrics.auc.last < -0.7", "a"],
])("%s", async (query, found) => {
  expect(await ids(runs, query)).toBe(found);
});

test.each<[query: string, column: number, message: RegExp]>([
  ["", 1, /expected a value, .* got the end of the query\n {2}\n {2}\^$/],
  ["seed >", 7, /expected a value.*got the end of the query\n {2}seed >\n {8}\^$/],
  ["seed = 1 seed = 2", 10, /expected and, or, a comparison, or the end, got seed/],
  ["seed = 1 && seed = 2", 10, /unexpected &&: write and/],
  ["seed <> 1", 6, /unexpected <>: write !=/],
  ["name = “x”", 8, /unexpected “: write " or '/],
  ["name = 'x", 8, /quote is not closed: expected ' at/],
  ["(seed = 1", 10, /expected \) for the bracket at column 1, got the end/],
  ["seed in [1, ]", 13, /expected a value.*got \]/],
  ["seed in [1; 2]", 11, /unexpected ;/],
  ["1 < seed < 3", 10, /do not chain: write a < b and b < c/],
  ["seed = 1 and not", 17, /expected a value/],
  ["seed = not on", 8, /expected a value.*got not/],
  ["wallMs > 5m", 11, /unknown unit "m": expected ms, s, min, h, d or w/],
  ["params. > 3", 8, /expected a name after the dot/],
  ["params > 3", 1, /expected a name after params, as in params\.NAME/],
  ["metrics.auc.best(3) > 1", 17, /best is no function: only metrics\.NAME\.at\(step\)/],
  ["params.metaLr.at(3) > 1", 17, /at is no function/],
  ["metrics.auc.at(x) > 1", 16, /expected a step, as in at\(100\), got x/],
  ["createdAt > 2026-02-31", 13, /2026-02-31 is no time/],
  ['createdAt > "yesterday"', 13, /expected a time.*got "yesterday"/],
  // names that no run has
  ["seed = 1 or params.metaLR > 1", 13, /no run has params\.metaLR; did you mean params\.metaLr\?/],
  ["metaRl > 1", 1, /no field or parameter is called metaRl; did you mean params\.metaLr\?/],
  ["rate > 1", 1, /called rate; did you mean params\.lower\.rate\?/],
  ["auc > 1", 1, /called auc; did you mean metrics\.auc\?/],
  ['stats = "failed"', 1, /called stats; did you mean status\?/],
  ["weighting = none", 13, /called none\. A text needs quotes: "none"/],
  ["metrics.uper.loss.best > 1", 1, /no run has metrics\.uper\.loss; did you mean metrics\.upper\.loss\?/],
  ["metrics.val.best > 1", 1, /no run has metrics\.val; did you mean metrics\."val-loss"\?/],
  ["summary.xyz > 1", 1, /no run has summary\.xyz; there are auc, best\.at/],
  ['status = "finshed"', 10, /status is one of running, .*; did you mean "finished"\?/],
  ['status in ["failed", "done"]', 22, /status is one of running/],
  // kinds
  ["name", 1, /expected a condition, such as status = "finished", got a text/],
  ["seed = 1 and 3", 14, /expected a condition.*got a number/],
  ["name > 3", 6, /cannot compare a text with a number/],
  ["metrics.auc = 'x'", 13, /cannot compare a number with a text/],
  ["tags < ['a']", 6, /< orders numbers, texts and times, not a list/],
  ["seed in 3", 6, /in needs a list on its right, such as \["a", "b"\], got a number/],
  ["seed contains 3", 6, /contains needs a list on its left, or two texts, got a number and a number/],
  ["name + 1 = 2", 6, /cannot add a text and a number/],
  ["seed - createdAt = 2", 6, /cannot subtract a time from a number/],
  ["seed < null", 8, /null can only be compared by = and !=/],
  ["seed in [1, null]", 13, /null can only be compared by = and !=/],
  // kinds that fit in no run that has both
  ["metaLr = '1e-3'", 8, /cannot compare a number with a text, in every run that has a value here/],
  ["hidden contains '8'", 8, /no item of the list is a text, in every run/],
  ["seed = 1 and (weighting or on)", 15, /expected true or false, got a text, in every run/],
  ["lower > 3", 7, /cannot compare a group of values with a number/],
  // characters, not code units; the line with the mistake
  ["name = '𝛼𝛼' und seed = 1", 13, /got und\n {2}name = '𝛼𝛼' und seed = 1\n/],
  ["name = '表'\n  or seed = x", 24, /\n {4}or seed = x\n {14}\^$/],
])("error: %s", async (query, column, message) => {
  const error = await failure(runs, query);
  expect(error.message).toMatch(message);
  expect(error.message).toMatch(new RegExp(`^query, column ${column}: `));
  expect(error.column).toBe(column);
});

test("what is too deep or too long is refused in words", async () => {
  const seeds = (count: number) => Array<string>(count).fill("seed = 1").join(" or ");
  const zeros = (count: number) => `seed = 1${" + 0".repeat(count)}`;
  const messages = ["(".repeat(4000), "not ".repeat(4000), `seed in ${"[".repeat(300)}`, seeds(4000), zeros(600)];
  for (const [i, query] of messages.entries()) {
    const words = ["nested more than 200 deep", "nested", "nested", "too long", "more than 500 sums"];
    expect((await failure(runs, query)).message).toContain(words[i]);
  }
  expect((await failure(runs, seeds(4000))).message.length).toBeLessThan(500); // the query is shown in part
  expect(await ids(runs, `${"(".repeat(150)}${seeds(2400)}${")".repeat(150)}`)).toBe("a");
  expect(await ids(runs, zeros(500))).toBe("a");
});

test("kinds that fit in some runs only are no match in the others, and unequal", async () => {
  const mixed = [run("d", { params: { x: 8 } }), run("e", { params: { x: "8" } }), run("f", { params: { x: [8] } })];
  const cases: [query: string, found: string][] = [
    ["x = 8", "d"],
    ["x != 8", "ef"],
    ["x < '9'", "e"],
    ["not x < 9", "ef"],
    ["x contains 8", "f"],
    ["x not contains 8", "de"],
    ["x in [8, '8', true]", "de"],
    ["x + 1 = 9", "d"],
  ];
  for (const [query, found] of cases) expect([query, await ids(mixed, query)]).toEqual([query, found]);
});

test("a metric whose name ends like a statistic", async () => {
  const odd = run("d", {}, { "loss.max": [5, 6] });
  expect(await ids([odd], "metrics.loss.max = 6 and metrics.loss.max.first = 5")).toBe("d");
  const both = run("e", {}, { "loss.max": [5, 6], loss: [1, 9] });
  expect((await failure([both], "metrics.loss.max = 6")).message).toContain(
    'both "loss" and "loss.max" are metrics: write metrics."loss.max", or metrics."loss".max',
  );
  expect(await ids([both], 'metrics."loss.max" = 6 and metrics."loss".max = 9')).toBe("e");
});

test("names in which objects and arrays have members of their own are no names of a run", async () => {
  const plain = run("d", { params: { x: { y: 1 } }, summary: {} });
  for (const query of ["constructor = 1", "params.x.toString = 1", "metrics.constructor.name = 1", "hasOwnProperty"]) {
    expect((await failure([plain], query)).message).toMatch(/no run has|no field or parameter/);
  }
});

test("which extreme is the best: by name, unless told", async () => {
  const named = { auc: "max", "upper.weightedLoss": "min", val_nll: "min", lossless: "max", "brier/test": "min" };
  for (const [name, direction] of Object.entries(named)) expect([name, bestDirection(name)]).toEqual([name, direction]);
  expect(await ids(runs, { where: "metrics.auc.best = 0.5", best: { auc: "min" } })).toBe("a");
});

test("at(step): the last value up to it, of runs that got there; series are read only where they decide", async () => {
  const series = { a: { auc: [0.5, 0.9, 0.8] }, b: { auc: [0.4, 0.3] }, c: { auc: [0.6, 0.7, 0.9, 1] }, d: {} };
  const all = Object.entries(series).map(([id, own]) => run(id, { seed: id.charCodeAt(0) - 96 }, own));
  const cases: [query: RunQuery, found: string, read: string][] = [
    [{ where: "metrics.auc.at(15) >= 0.7" }, "ac", "ac"],
    [{ where: "metrics.auc.at(10) = 0.3" }, "b", "ac"], // b ends at 10: the digest tells
    [{ where: "metrics.auc.at(20) > 0" }, "ac", "c"],
    [{ where: "metrics.auc.at(-1) = null" }, "abcd", "abc"],
    [{ where: "metrics.auc.at(10) > 0.6 and metrics.auc.at(20) > 0.75" }, "ac", "ac"],
    [{ where: "seed = 1 and metrics.auc.at(10) > 0" }, "a", "a"],
    [{ where: "not (seed > 1 or metrics.auc.at(10) < 0)" }, "a", "a"],
    [{ where: "metrics.auc.at(0) + 0.1 in [0.6, 0.5]" }, "ab", "abc"],
    [{ where: "seed < 3", sort: "metrics.auc.at(5)" }, "ba", "ab"],
  ];
  for (const [query, found, expected] of cases) {
    const { store, read } = reader(series);
    expect([query, await ids(all, query, store), read.join("")]).toEqual([query, found, expected]);
  }
});

test("sorted by values and their differences, descending too, what is missing last; equals as listed; limit", async () => {
  const values: readonly (PlainObject[string] | undefined)[] = [2, undefined, 10, NaN, "x", 1, "X", true, null];
  const odd = values.map((x, i) => run(String(i), { seed: i % 2, params: x === undefined ? {} : { x } }));
  expect(await ids(odd, { sort: "x" })).toBe("502647138");
  expect(await ids(odd, { sort: "-x" })).toBe("746205138");
  expect(await ids(odd, { sort: "params.x desc" })).toBe("746205138");
  expect(await ids(odd, { sort: "seed desc, x asc" })).toBe("571302648");
  expect(await ids(odd, { sort: "-x", limit: 2 })).toBe("74");
  expect(await ids(runs, { sort: "-metrics.auc.best - metrics.auc.last" })).toBe("ab");
  expect(await ids(runs, { sort: "createdAt desc" })).toBe("ba");
  expect((await failure(runs, { sort: "-metrics.acu.best" })).column).toBe(2);
  expect((await failure(runs, { sort: "seed descending" })).message).toMatch(/expected asc, desc, a comma, or the end/);
  await expect(selectRuns(reader().store, runs, { limit: 0 })).rejects.toThrow(/limit/);
  await expect(selectRuns(reader().store, runs, { were: "seed = 1" } as RunQuery)).rejects.toThrow(/were/);
});

test("archived runs: when asked for, or named; no runs are no error", async () => {
  expect(await ids(runs, {})).toBe("ab");
  expect(await ids(runs, { archived: true })).toBe("c");
  expect(await ids(runs, { archived: "all" })).toBe("abc");
  expect(await ids(runs, { where: "archived in [true, false]", archived: false })).toBe("ab");
  expect(await ids(runs, "not archived or metaLr = 1e-2")).toBe("abc");
  expect(await ids([], "params.x = 1")).toBe("");
});

// Random expressions over three-valued data, printed with as few brackets as the documented levels need, against an
// evaluator of their trees that knows neither tokens nor levels.
type Tree =
  | { readonly op: "and" | "or"; readonly a: Tree; readonly b: Tree }
  | { readonly op: "not"; readonly a: Tree }
  | { readonly op: "=" | "!=" | "<" | "<=" | ">" | ">="; readonly a: Sum; readonly b: Sum }
  | { readonly op: "in" | "not in"; readonly a: Sum; readonly list: readonly Sum[] }
  | { readonly op: "null" | "not null"; readonly name: string };
type Sum =
  | { readonly op: "+" | "-"; readonly a: Sum; readonly b: Sum }
  | { readonly op: "negative"; readonly a: Sum }
  | { readonly op: "name"; readonly name: string }
  | { readonly op: "number"; readonly value: number };

const NAMES = ["x", "params.y", "z.w"];
const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="] as const;

function randomSum(draw: Random, depth: number): Sum {
  const kind = depth === 0 ? draw.integer(2) : draw.integer(5);
  if (kind === 0) return { op: "name", name: draw.pick(NAMES) };
  if (kind === 1) return { op: "number", value: draw.integer(4) };
  if (kind === 2) return { op: "negative", a: randomSum(draw, depth - 1) };
  return { op: draw.pick(["+", "-"] as const), a: randomSum(draw, depth - 1), b: randomSum(draw, depth - 1) };
}

function randomTree(draw: Random, depth: number): Tree {
  const kind = depth === 0 ? 3 + draw.integer(4) : draw.integer(7);
  if (kind < 2) return { op: kind ? "and" : "or", a: randomTree(draw, depth - 1), b: randomTree(draw, depth - 1) };
  if (kind === 2) return { op: "not", a: randomTree(draw, depth - 1) };
  if (kind === 3) return { op: draw.pick(["null", "not null"] as const), name: draw.pick(NAMES) };
  if (kind > 4) return { op: draw.pick(COMPARISONS), a: randomSum(draw, 2), b: randomSum(draw, 2) };
  const list = Array.from({ length: draw.integer(4) }, () => randomSum(draw, 1));
  return { op: draw.pick(["in", "not in"] as const), a: randomSum(draw, 1), list };
}

const TREE_LEVEL: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  not: 3,
  "+": 5,
  "-": 5,
  negative: 6,
  name: 7,
  number: 7,
};

function print(tree: Tree | Sum, least: number, draw: Random): string {
  const level = TREE_LEVEL[tree.op] ?? 4;
  const text = (): string => {
    switch (tree.op) {
      case "name":
        return tree.name;
      case "number":
        return String(tree.value);
      case "negative":
        return `-${print(tree.a, 6, draw)}`;
      case "not":
        return `not ${print(tree.a, 3, draw)}`;
      case "null":
      case "not null":
        return `${tree.name} ${tree.op === "null" ? "=" : "!="} null`;
      case "in":
      case "not in":
        return `${print(tree.a, 5, draw)} ${tree.op} [${tree.list.map((item) => print(item, 5, draw)).join(", ")}]`;
      default: // to the left: a - b - c is (a - b) - c, and nothing chains at level 4
        return `${print(tree.a, level === 4 ? 5 : level, draw)} ${tree.op} ${print(tree.b, level + 1, draw)}`;
    }
  };
  return level < least || draw.next() < 0.1 ? `(${text()})` : text();
}

type Numbers = Readonly<Record<string, number | undefined>>;

function valueOf(sum: Sum, numbers: Numbers): number | undefined {
  if (sum.op === "name") return numbers[sum.name];
  if (sum.op === "number") return sum.value;
  const a = valueOf(sum.a, numbers);
  const b = sum.op === "negative" ? 0 : valueOf(sum.b, numbers);
  if (a === undefined || b === undefined) return undefined;
  return sum.op === "negative" ? -a : sum.op === "+" ? a + b : a - b;
}

function isTrue(tree: Tree, numbers: Numbers): boolean {
  switch (tree.op) {
    case "and":
      return isTrue(tree.a, numbers) && isTrue(tree.b, numbers);
    case "or":
      return isTrue(tree.a, numbers) || isTrue(tree.b, numbers);
    case "not":
      return !isTrue(tree.a, numbers);
    case "null":
      return numbers[tree.name] === undefined;
    case "not null":
      return numbers[tree.name] !== undefined;
    case "in":
    case "not in": {
      const a = valueOf(tree.a, numbers);
      return a !== undefined && tree.list.some((item) => valueOf(item, numbers) === a) === (tree.op === "in");
    }
    default: {
      const [a, b] = [valueOf(tree.a, numbers), valueOf(tree.b, numbers)];
      if (a === undefined || b === undefined) return false;
      const [less, same] = [a < b, a === b];
      return { "=": same, "!=": !same, "<": less, "<=": less || same, ">": !less && !same, ">=": !less }[tree.op];
    }
  }
}

test("5,000 random expressions mean what their trees mean", async () => {
  const draw = random(1);
  const cells = [undefined, -1, 0, 1, 2];
  const data = cells.flatMap((x) => cells.flatMap((y) => cells.map((w) => ({ x, y, w }))));
  const all = data.map(({ x, y, w }, i) =>
    run(String(i), { params: { ...(x !== undefined && { x }), y: y ?? null, ...(w !== undefined && { z: { w } }) } }),
  );
  const numbers = data.map(({ x, y, w }): Numbers => ({ x, "params.y": y, "z.w": w }));
  const sizes = new Set<number>();
  for (let i = 0; i < 5000; i++) {
    const tree = randomTree(draw, 4);
    const where = print(tree, 1, draw);
    const found = (await selectRuns(reader().store, all, { where })).map(({ id }) => Number(id));
    const expected = numbers.flatMap((values, k) => (isTrue(tree, values) ? [k] : []));
    if (found.join() !== expected.join()) expect({ where, found }).toEqual({ where, found: expected });
    sizes.add(found.length);
  }
  expect(sizes.size).toBeGreaterThan(60); // they tell the runs apart
});

test("queries of a real store", async () => {
  const store = await openStore(temporaryFolder());
  for (const seed of [1, 2, 3]) {
    const live = await store.startRun({
      name: `n${seed}`,
      group: "demo",
      tags: ["t"],
      params: { seed, lower: { rate: seed / 10 } },
    });
    for (const step of [1, 2, 3]) live.log(step, { "upper.loss": seed / step });
    await live.finish({ auc: seed / 4 });
  }
  const names = async (query: RunQuery) => (await queryRuns(store, query)).map(({ name }) => name);
  expect(await names({ where: "metrics.upper.loss.best > 0.5 and tags contains 't'", sort: "-metrics.auc" })).toEqual([
    "n3",
    "n2",
  ]);
  expect(await names({ where: "metrics.upper.loss.at(2) = 1 and createdAt > now - 1h" })).toEqual(["n2"]);
  expect(await names({ where: "lower.rate in [0.1, 0.3]", sort: "seed" })).toEqual(["n1", "n3"]);
  const [first] = await queryRuns(store, { where: "seed = 1" });
  const child = await store.startRun({ name: "child", parent: first.id, params: {} });
  await child.fail(new Error("no memory"));
  await store.update(first.id, { archived: true, notes: "the first one" });
  expect(await names({ sort: "name" })).toEqual(["child", "n2", "n3"]);
  expect(await names({ where: "archived" })).toEqual(["n1"]);
  expect(await names({ where: "notes contains 'first'", archived: "all" })).toEqual(["n1"]);
  expect(await names({ where: `parent = "${first.id}" and reason contains "memory"` })).toEqual(["child"]);
});
