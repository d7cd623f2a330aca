import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadTrainSet } from "../../lib/data/dreamprm.js";
import { writeRows } from "../../lib/data/write.js";
import type { Done } from "../../lib/sampling/failure.js";
import { matchJudge, policyJudge } from "../../lib/sampling/judge.js";
import { type LabelledRow, labelSteps } from "../../lib/sampling/label.js";
import { openPolicy } from "../../lib/sampling/policy.js";
import { loadSolved, type Solved, toSolvedRow } from "../../lib/sampling/solved.js";
import { stoppingBias, wanted, wilsonHalfWidth } from "../../lib/sampling/stopping.js";
import { temporaryFolder } from "../tracker/folders.js";
import { dreamprm } from "./cli.js";
import { startServer } from "./server.js";

const folder = temporaryFolder();
const open: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const one of open.reverse()) await one.close();
});

const solved: Solved[] = ["7", "8"].map((answer, n) => ({
  id: `q${n}`,
  questionId: `q${n}`,
  question: "What is 3 + 4?",
  reference: "7",
  domain: "sums",
  steps: ["Step 1: Start at 3.", `Step 2: Add 4, case ${n}.`, `Final answer: ${answer}`],
  answer,
  generator: "test",
  finish: "stop",
}));

/** A policy whose completions are right with a chance that falls with the prompt's length, and the server's own tally. */
async function policyAndTally() {
  const tally = new Map<string, boolean[]>();
  const server = await startServer({
    answer: ({ prompt, hash }) => {
      const right = parseInt(hash[0], 16) < 20 - prompt.length / 20;
      tally.set(prompt, [...(tally.get(prompt) ?? []), right]);
      return `Step 9: Go on.\n\nFinal answer: ${right ? "7.0" : "9"}`;
    },
  });
  const policy = await openPolicy({ model: "m", baseUrl: server.url, cache: join(folder, `cache ${open.length}`) });
  open.push(server, policy);
  const of = (step: string) =>
    [...tally].filter(([prompt]) => prompt.trimEnd().endsWith(step)).flatMap(([, right]) => right);
  return { server, policy, of };
}

async function all(rows: AsyncIterable<Done<LabelledRow>>): Promise<{ rows: LabelledRow[]; failures: string[] }> {
  const result = { rows: [] as LabelledRow[], failures: [] as string[] };
  for await (const { results, failure } of rows) {
    result.rows.push(...results);
    if (failure) result.failures.push(failure.message);
  }
  return result;
}

test("score and times are the tally of the completions, step by step; rows load as a training set", async () => {
  const { server, policy, of } = await policyAndTally();
  const { rows, failures } = await all(
    labelSteps(solved, { policy, judge: matchJudge(), stopping: { completions: 12 } }),
  );
  expect([rows.length, failures]).toEqual([6, []]);
  const counts = rows.map(({ score, times }) => [score, times]);
  const [first, second, third] = [solved[0].steps[0], solved[0].steps[1], solved[1].steps[1]].map(of);
  const right = (list: readonly boolean[]) => list.filter(Boolean).length;
  // both solutions share their first step, which is asked about once
  expect([first.length, second.length, third.length]).toEqual([12, 12, 12]);
  expect(counts).toEqual([
    ...[[right(first), 12], [right(second), 12], [1, 1]], // prettier-ignore
    ...[
      [right(first), 12],
      [right(third), 12],
      [0, 1],
    ],
  ]);
  expect(server.requests).toHaveLength(3);
  expect(JSON.stringify(server.requests[0])).toContain("Solution so far:\\nStep 1: Start at 3.");

  const file = join(folder, "train.json");
  await writeRows(file, rows);
  const { samples, domains } = await loadTrainSet(file, { quiet: true });
  expect(domains).toEqual(["sums"]);
  expect(samples.map(({ target, score, times, steps }) => [target, score, times, steps.length])).toEqual(
    rows.map(({ score, times, sid }) => [score / times, score, times, sid]),
  );
});

test("the model's own turn as prefix; solutions without domain or ground truth fail alone", async () => {
  const { server, policy } = await policyAndTally();
  const [one, two] = solved;
  const { domain: _domain, ...withoutDomain } = one;
  const { reference: _reference, ...withoutReference } = { ...one, id: "r" };
  const items = [withoutDomain, withoutReference, two];
  const { rows, failures } = await all(
    labelSteps(items, { policy, judge: matchJudge(), stopping: { completions: 2 }, prefix: "assistant" }),
  );
  expect(rows).toHaveLength(3);
  expect(failures).toEqual([
    expect.stringMatching(/q0 has no domain.*--domain/),
    expect.stringMatching(/q0 has no ground truth/),
  ]);
  expect(server.requests.at(-1)?.["messages"]).toMatchObject([
    { role: "user" },
    { role: "assistant", content: expect.stringMatching(/^Step 1: .*\n\n$/s) as string },
  ]);
});

test("adaptive: stops where the interval is narrow, with more completions only where it is not; says so", async () => {
  const { policy, of } = await policyAndTally();
  const stopping = { completions: 24, halfWidth: 0.2 };
  const { rows } = await all(labelSteps(solved, { policy, judge: matchJudge(), stopping }));
  for (const { score, times, adaptive, sid } of rows) {
    expect(adaptive).toBe(true);
    if (sid === 3) continue;
    expect(times === 24 || wilsonHalfWidth(score, times) <= 0.2).toBe(true);
    expect(times % 4).toBe(0);
  }
  expect(rows[0].times).toBe(of(solved[0].steps[0]).length);
});

test("the bias of stopping early is that of all sequences, one by one", () => {
  const rule = { completions: 12, halfWidth: 0.24, batch: 3 };
  const { byShare, largest } = stoppingBias(rule);
  for (const { share, bias, completions } of byShare) {
    let [expected, length] = [0, 0];
    for (let sequence = 0; sequence < 2 ** 12; sequence++) {
      const draws = Array.from({ length: 12 }, (_, i) => (sequence >> i) & 1);
      const probability = draws.reduce((product, draw) => product * (draw ? share : 1 - share), 1);
      let n = 0;
      const right = () => draws.slice(0, n).reduce((sum, draw) => sum + draw, 0);
      for (let want = wanted(0, 0, rule); want > n; want = wanted(right(), n, rule)) n = want;
      expected += (probability * right()) / n;
      length += probability * n;
    }
    expect(bias).toBeCloseTo(expected - share, 12);
    expect(completions).toBeCloseTo(length, 10);
  }
  expect(largest).toBeGreaterThan(0.001);
  expect(stoppingBias({ completions: 9 }).largest).toBeLessThan(1e-12); // a fixed K has none
  expect(wilsonHalfWidth(0, 10)).toBeCloseTo((0.27753 - 0) / 2, 4); // [0, 0.2775], the textbook interval of 0 of 10
});

test("the judge: asks only where comparing says no, once for each answer; anything but yes or no is a failure", async () => {
  const server = await startServer({
    answer: ({ prompt }) => (prompt.includes("seven") ? "**Yes**, it does." : prompt.includes("hm") ? "Perhaps" : "no"),
  });
  const policy = await openPolicy({ model: "m", baseUrl: server.url, cache: join(folder, "judge") });
  open.push(server, policy);
  const judge = policyJudge(policy, { model: "big" });
  const verdict = (answer: string | undefined) => judge.right(solved[0], answer);
  expect([await verdict("7.0"), await verdict(undefined)]).toEqual([true, false]);
  expect(server.requests).toHaveLength(0);
  expect([await verdict("seven"), await verdict("seven"), await verdict("8")]).toEqual([true, true, false]);
  expect(server.requests).toMatchObject([{ model: "big", temperature: 0 }, { model: "big" }]);
  await expect(verdict("hm")).rejects.toThrow(/reply to q0 is neither yes nor no: "Perhaps"/);
});

test(
  "dreamprm label: rows, record with the bias, one JSON value; a bad file by its row",
  { timeout: 60_000 },
  async () => {
    const { server } = await policyAndTally();
    const file = join(folder, "solved.jsonl");
    await writeRows(
      file,
      solved.map((item) => toSolvedRow(item, { folder })),
    );
    expect(await loadSolved(file)).toEqual(solved);
    const out = join(folder, "labels.json");
    const common = ["--model", "m", "--base_url", server.url, "-o", out, "--json", "--quiet"];
    const { code, stdout, stderr } = await dreamprm([
      "label",
      file,
      ...common,
      "--completions",
      "16",
      "--adaptive",
      "0.2",
    ]).ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ rows: 6, done: 2, of: 2, settings: { halfWidth: 0.2, judge: "auto" } });
    const record = JSON.parse(readFileSync(`${out}.record.json`, "utf8")) as { settings: { bias: unknown } };
    expect(record.settings.bias).toEqual(stoppingBias({ completions: 16, halfWidth: 0.2 }));
    expect((await loadTrainSet(out, { quiet: true })).samples).toHaveLength(6);

    const bad = join(folder, "bad.jsonl");
    await writeRows(bad, [toSolvedRow(solved[0]), { ...toSolvedRow(solved[1]), steps: [] }, toSolvedRow(solved[0])]);
    const wrong = await dreamprm(["label", bad, ...common]).ended;
    expect([wrong.code, wrong.stdout]).toEqual([1, ""]);
    expect(wrong.stderr).toMatch(/bad\.jsonl: 1 fault.*row 1 \(id "q1"\), steps: \[\]; expected at least one text/s);
  },
);
