import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { evaluateCommand } from "../../lib/cli/evaluate.js";
import { selectCommand } from "../../lib/cli/select.js";
import { makeDemo } from "../../lib/data/synthetic.js";
import type { PoolEvaluation, SelectorEvaluation } from "../../lib/select/poolEvaluation.js";

const main = join(import.meta.dirname, "../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "dreamprm evaluate "));
const demo = join(folder, "demo");
const candidates = join(demo, "candidates.json");
process.env.DREAMPRM_STORE = join(folder, "runs");
process.env.DREAMPRM_BACKEND = "wasm";
afterAll(() => rmSync(folder, { recursive: true }));

/** What a command prints. */
async function run(command: Command, ...args: string[]): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  try {
    await command.exitOverride().parseAsync(args, { from: "user" });
    return log.mock.calls.map(([text]) => String(text)).join("\n");
  } finally {
    log.mockRestore();
  }
}
const evaluate = (...args: string[]) => run(evaluateCommand(), ...args);
const select = (...args: string[]) => run(selectCommand(), ...args);
const evaluation = async (...args: string[]) =>
  JSON.parse(await evaluate(...args, "--json")) as PoolEvaluation & Record<string, unknown>;

function dreamprm(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

function find({ selectors }: PoolEvaluation, name: string): SelectorEvaluation {
  const found = selectors.find((selector) => selector.name === name);
  if (found === undefined) throw new Error(`no ${name} among ${selectors.map((s) => s.name).join("; ")}`);
  return found;
}

const pool = (id: string, subset: string, candidates: [correct: boolean, scores: number[], answer: string][]) => ({
  ...{ question_id: id, subset },
  candidates: candidates.map(([correct, step_scores, answer], n) => ({
    correct,
    step_scores,
    answer,
    generator: `m${n}`,
  })),
});
const pools = [
  pool("1", "maths", [[false, [0.9, 0.2], "A"], [true, [0.6, 0.7], "B"], [false, [0.1], "A"]]), // prettier-ignore
  pool("2", "maths", [[true, [0.4], "C"], [false, [0.5], "D"], [true, [0.3], "C"]]), // prettier-ignore
  pool("3", "physics", [[false, [0.8], "E"], [true, [0.9, 0.9], "F"], [true, [0.7], "F"]]), // prettier-ignore
];
const file = join(folder, "pools.jsonl");
writeFileSync(file, pools.map((row) => JSON.stringify(row)).join("\n"));

describe("given step scores", () => {
  test("every number by hand", async () => {
    const report = await evaluation(file, "--aggregation_function", "min", "--resamples", "50");
    expect(report).toMatchObject({ questions: 3, candidates: 9, against: "majority", withoutAnswers: 0 });
    const means = (name: string) => {
      const { mean, bySubset } = find(report, name);
      return [mean, bySubset.maths.mean, bySubset.physics.mean];
    };
    expect(means("PRM, min")).toEqual([2 / 3, 1 / 2, 1]);
    expect(means("majority")).toEqual([2 / 3, 1 / 2, 1]);
    expect(means("PRM, vote by min")).toEqual([1, 1, 1]);
    expect(means("PRM, last (as an ORM)")).toEqual([2 / 3, 1 / 2, 1]);
    expect(means("PRM, max")).toEqual([1 / 3, 0, 1]);
    expect(means("first candidate")).toEqual([1 / 3, 1 / 2, 0]);
    expect(means("best generator (m1)")).toEqual([2 / 3, 1 / 2, 1]);
    expect(means("oracle")).toEqual([1, 1, 1]);
    expect(find(report, "random").mean).toBeCloseTo(5 / 9, 12);
    expect(find(report, "PRM, vote by min").comparison?.mcNemar).toEqual({ onlyFirst: 1, onlySecond: 0, pValue: 1 });
  });

  test("tables for people and papers, and a figure", async () => {
    const text = dreamprm("evaluate", file);
    expect(text).toMatch(/^3 questions, 9 candidates\ngenerators: m0 0\.333, m1 0\.667, m2 0\.667\n/);
    expect(text).toMatch(/^best of k +questions/m);
    expect(text).toMatch(/^maths +2 /m);
    expect(await evaluate(file, "--latex", "benchmarks")).toContain("Method & maths & physics & all questions");
    expect(await evaluate(file, "--latex", "gain")).toMatch(/^majority & \$.*66\.7.*\$ & \+11\.1 \\\\$/m);
    const { figures } = await evaluation(file, "--figure", join(folder, "scaling"));
    expect(figures).toContain(join(folder, "scaling.svg"));
    expect(readFileSync(join(folder, "scaling.svg"), "utf8")).toContain("candidates per question");
  });

  test("by generator, each one's candidates are a pool", async () => {
    const { subsets, questions } = await evaluation(file, "--by", "generator");
    expect([questions, Object.keys(subsets)]).toEqual([9, ["m0", "m1", "m2"]]);
  });

  test("select writes the chosen candidates as evaluate counts them", async () => {
    const out = join(folder, "chosen.jsonl");
    await select(file, "-o", out, "--aggregation_function", "min");
    const rows = readFileSync(out, "utf8").trim().split("\n").map((line) => JSON.parse(line) as object); // prettier-ignore
    expect(rows).toEqual([
      { question_id: "1", subset: "maths", candidate: 1, generator: "m1", answer: "B", correct: true, step_scores: { PRM: [[0.6, 0.7]] } }, // prettier-ignore
      { question_id: "2", subset: "maths", candidate: 1, generator: "m1", answer: "D", correct: false, step_scores: { PRM: [[0.5]] } }, // prettier-ignore
      { question_id: "3", subset: "physics", candidate: 1, generator: "m1", answer: "F", correct: true, step_scores: { PRM: [[0.9, 0.9]] } }, // prettier-ignore
    ]);
    const vote = JSON.parse(dreamprm("select", file, "-o", out, "--method", "majority", "--json")) as object;
    expect(vote).toEqual({ file: out, rows: 3, method: "majority" });
    expect(readFileSync(out, "utf8").match(/"candidate":\d/g)).toEqual(["0", "0", "1"].map((n) => `"candidate":${n}`));
  });
});

describe("trained runs", () => {
  const data = ["--train_json_file", join(demo, "train.json"), "--meta_json_file", join(demo, "meta.json")];
  let [runs, bestOfN]: [string[], number[][]] = [[], []];
  beforeAll(async () => {
    await makeDemo(demo, { questionsPerDomain: { train: 4, meta: 3, test: 2, candidates: 2 } });
    const few = ["--iteration_num", "10", "--buckets", "64", "--candidates_json_file", candidates];
    const report = JSON.parse(
      dreamprm("train", ...data, ...few, "--methods", "vanilla,domain-table", "--seeds", "1,2", "--json", "--quiet"),
    ) as { methods: { runs: string[]; bestOfN: { values: number[] } }[] };
    runs = report.methods.flatMap((method) => method.runs);
    bestOfN = report.methods.map((method) => method.bestOfN.values);
  });
  test("score pools with their φ: the accuracies that training reported, from seed to seed", async () => {
    const report = await evaluation(candidates, "--run", runs.join(","), "--resamples", "20");
    expect(find(report, "vanilla, logOddsMean").runs).toEqual(bestOfN[0]);
    expect(find(report, "domain-table, logOddsMean").runs).toEqual(bestOfN[1]);
    expect(Object.keys(report.subsets)).toHaveLength(10);
  });

  test("are not evaluated on what they have seen", async () => {
    const seen = evaluate(join(demo, "meta.json"), "--run", runs[0]);
    await expect(seen).rejects.toThrow(/meta and test share \d+ question\(s\)/);
  });

  test("--train trains first", async () => {
    const args = ["--train", data[1], "--meta", data[3], "--methods", "vanilla", "--seeds", "5"];
    const report = await evaluation(candidates, ...args, "--train-args", "--iteration_num 5 --buckets 64");
    expect(find(report, "vanilla, logOddsMean").curve).toHaveLength(4);
  });

  test("select goes by a run", async () => {
    const out = join(folder, "by-run.jsonl");
    await select(candidates, "--run", runs[0], "-o", out);
    const rows = readFileSync(out, "utf8").trim().split("\n").map((line) => JSON.parse(line) as { correct: boolean }); // prettier-ignore
    expect(rows.filter(({ correct }) => correct).length / rows.length).toBeCloseTo(bestOfN[0][0], 12);
  });

  test("bad requests are one clear message", async () => {
    const out = join(folder, "x.jsonl");
    const refused: [() => Promise<string>, string][] = [
      [() => evaluate(candidates, "--meta", data[3]), "--meta has no effect without --train"],
      [() => evaluate(file, "--run", "2001"), 'no run "2001"'],
      [() => evaluate(file, "--run", runs[0]), "question 1 has no text"],
      [() => evaluate(candidates, "--run", `${runs[0]},${runs[0]}`), "one method from one seed"],
      [() => evaluate(file, candidates), "has step_scores; evaluate them one by one"],
      [() => evaluate(file, file), "question 1 occurs in an earlier file"],
      [
        () => select(candidates, "--run", runs.slice(0, 2).join(","), "-o", out),
        "vanilla, logOddsMean does not choose one candidate",
      ],
      [() => select(file, "-o", out, "--method", "luck"), 'no method "luck"'],
    ];
    for (const [command, message] of refused) await expect(command()).rejects.toThrow(message);
    expect(existsSync(out)).toBe(false);
  });
});

describe("published pools", () => {
  const shared = "../shared/data";
  const there = existsSync(shared);
  if (!there) console.log(`skipped: ${shared} is not there`);

  test.runIf(there)("MR-Ben's pools of three by subject, and the sample of DreamPRM-1.5's of four", async () => {
    const report = await evaluation(
      join(shared, "mrben/biology.json"),
      join(shared, "mrben/math.json"),
      "--resamples",
      "20",
    );
    expect(report).toMatchObject({ questions: 651, candidates: 1953, subsets: { biology: { questions: 345 } } });
    // 617 of the 1,035 biology solutions and 149 of the 918 maths solutions are right
    expect(find(report, "random").bySubset.biology.mean).toBeCloseTo(617 / 1035, 12);
    expect(find(report, "random").bySubset.math.mean).toBeCloseTo(149 / 918, 12);
    expect(Object.keys(report.generators).sort()).toEqual(["Claude2", "GPT3.5", "mistral-medium"]);
    const sample = await evaluation(join(shared, "dreamprm-1.5/meta_MMMU_Pro.sample.json"), "--resamples", "20");
    expect([sample.questions, sample.candidates, sample.ks.map(({ k }) => k)]).toEqual([60, 240, [1, 2, 4]]);
  });
});
