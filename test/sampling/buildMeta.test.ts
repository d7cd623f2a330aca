import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConversations, loadMetaSet } from "../../lib/data/solutions.js";
import type { Solution } from "../../lib/data/types.js";
import { writeRows } from "../../lib/data/write.js";
import { buildMeta } from "../../lib/sampling/buildMeta.js";
import { matchJudge } from "../../lib/sampling/judge.js";
import { problemText } from "../../lib/sampling/question.js";
import { loadSolved, type Solved, toSolvedRow } from "../../lib/sampling/solved.js";
import { temporaryFolder } from "../tracker/folders.js";
import { dreamprm } from "./cli.js";

const folder = temporaryFolder();
const options = ["red", "blue", "3 cm\nwide", "none"];

/** 40 questions in two domains with four solutions each; every third solution is right, one in sixteen unfinished. */
const solved = Array.from({ length: 160 }, (_, i): Solved => {
  const [question, n] = [Math.floor(i / 4), i % 4];
  const answer = i % 3 === 0 ? "B" : "D";
  return {
    id: `q${question}/${n}`,
    questionId: `q${question}`,
    question: `Which {options} has question ${question}?`,
    options,
    reference: "blue",
    domain: question % 2 ? "odd" : "even",
    steps: ["Step 1: Look.\n- at it", 'Step 2: Think of "step 100".', `Final answer: ${answer}`],
    answer,
    correct: answer === "B",
    generator: "test",
    finish: i % 16 === 5 ? "length" : "stop",
  };
});
const questionsOf = (solutions: readonly { questionId: string }[]) =>
  new Set(solutions.map(({ questionId }) => questionId));

test("balanced in every domain, split by question, unfinished ones left out, the same for the same seed", async () => {
  const fractions = { meta: 0.5, validation: 0.3, test: 0.2 };
  const given = { judge: matchJudge(), fractions, seed: 3 };
  const built = await buildMeta(solved, given);
  const { meta, validation, test: rest, domains, unfinished } = built;
  expect(unfinished).toBe(10);
  for (const { domain, right, wrong, kept } of domains) {
    const own = meta.filter((item) => item.domain === domain);
    expect(own.filter(({ correct }) => correct)).toHaveLength(kept ?? -1);
    expect(own.filter(({ correct }) => !correct)).toHaveLength(kept ?? -1);
    expect(kept).toBe(Math.min(right, wrong));
  }
  expect([meta, validation, rest].map((part) => questionsOf(part).size)).toEqual([20, 12, 8]);
  expect(questionsOf([...meta, ...validation, ...rest]).size).toBe(40);
  expect(validation.length + rest.length + domains.reduce((sum, { right, wrong }) => sum + right + wrong, 0)).toBe(150);
  for (const { correct, answer, question } of [...meta, ...validation, ...rest]) {
    expect(correct).toBe(answer === "B");
    expect(question).toMatch(/\nOptions: \(A\) red \(B\) blue \(C\) 3 cm wide \(D\) none$/);
  }
  expect(await buildMeta(solved, given)).toEqual(built);
  expect((await buildMeta(solved, { ...given, seed: 4 })).meta).not.toEqual(meta);
  expect((await buildMeta(solved, { seed: 3, balance: false })).meta).toHaveLength(150);
});

test("overlap is refused by question id and by text; so are outcomes that nobody knows and sets of one kind", async () => {
  const [one] = solved;
  const other = { questionId: "other", question: problemText(solved[8]) };
  await expect(buildMeta(solved, { seed: 1, exclude: { train: [other] } })).rejects.toThrow(
    /meta and train share 1 question/,
  );
  await expect(buildMeta(solved, { seed: 1, exclude: { test: [one] } })).rejects.toThrow(
    /meta and test share 1 question\(s\): q0/,
  );
  const { correct: _, ...unknown } = one;
  await expect(buildMeta([unknown], { seed: 1 })).rejects.toThrow(/q0\/0 has no final_answer_correct.*--match/);
  await expect(buildMeta([one], { seed: 1 })).rejects.toThrow(/no domain of the meta part has both right and wrong/);
});

test("dreamprm build-meta: both formats load as the same solutions", { timeout: 60_000 }, async () => {
  const file = join(folder, "solved.jsonl");
  await writeRows(
    file,
    solved.map((item) => toSolvedRow(item, { folder })),
  );
  expect(await loadSolved(file)).toEqual(solved);
  const out = join(folder, "meta");
  const { code, stdout, stderr } = await dreamprm([
    "build-meta",
    file,
    "-o",
    out,
    "--validation",
    "0.25",
    "--match",
    "option",
    "--json",
  ]).ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(readdirSync(out).sort()).toEqual([
    "build-meta.json",
    "meta-conversations.json",
    "meta.json",
    "validation.json",
  ]);
  expect(JSON.parse(readFileSync(join(out, "build-meta.json"), "utf8"))).toEqual(JSON.parse(stdout));
  const meta = await loadMetaSet(join(out, "meta.json"), { quiet: true });
  const conversations = await loadConversations(join(out, "meta-conversations.json"), { quiet: true });
  const compared = ({ id, questionId, question, steps, correct, domain, generator, answer }: Solution) => ({
    id,
    questionId,
    question,
    steps,
    correct,
    domain,
    generator,
    answer,
  });
  expect(conversations.solutions.map(compared)).toEqual(meta.solutions.map(compared));
  expect(meta.solutions.map(compared)).toEqual(
    (
      await buildMeta(solved, { judge: matchJudge("option"), fractions: { meta: 0.75, validation: 0.25 }, seed: 1 })
    ).meta.map(compared),
  );
  const excluded = await dreamprm(["build-meta", file, "-o", out, "--exclude_test", join(out, "validation.json")])
    .ended;
  expect([excluded.code, excluded.stdout]).toEqual([1, ""]);
  expect(excluded.stderr).toMatch(/meta and test share 10 question\(s\)/);
});
