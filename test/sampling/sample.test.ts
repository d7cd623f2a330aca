import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadPools } from "../../lib/data/solutions.js";
import { writeRows } from "../../lib/data/write.js";
import { inOrder } from "../../lib/sampling/inOrder.js";
import { matchJudge } from "../../lib/sampling/judge.js";
import { openPolicy, type Policy } from "../../lib/sampling/policy.js";
import { loadQuestions } from "../../lib/sampling/question.js";
import { sampleSolutions } from "../../lib/sampling/sample.js";
import { type Solved, toSolvedRow } from "../../lib/sampling/solved.js";
import {
  defaultTemplates,
  readTemplate,
  template,
  templateFields,
  type TemplateKind,
} from "../../lib/sampling/template.js";
import { messageOf } from "../data/helpers.js";
import { temporaryFolder } from "../tracker/folders.js";
import { startServer } from "./server.js";

const folder = temporaryFolder();
const open: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const one of open.reverse()) await one.close();
});
const file = (name: string, content: unknown) => {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return join(folder, name);
};

describe("questions", () => {
  test("of several layouts, with images from the file's folder", async () => {
    file("a.png", "");
    const path = file("questions.json", [
      {
        id: 7,
        question: "Which?",
        options: ["red", "blue"],
        ground_truth: "A",
        image_path: "a.png",
        domain: "colours",
      },
      { question_id: "x", problem: "How many?", answer: 12, dataset: "counts" },
      { input: "Why?", image: "https://example.org/b.png" },
    ]);
    expect(await loadQuestions(path)).toEqual([
      {
        questionId: "7",
        question: "Which?",
        options: ["red", "blue"],
        reference: "A",
        image: join(folder, "a.png"),
        domain: "colours",
      },
      { questionId: "x", question: "How many?", reference: "12", domain: "counts" },
      {
        questionId: expect.stringMatching(/^q-[0-9a-f]{12}$/) as string,
        question: "Why?",
        image: "https://example.org/b.png",
      },
    ]);
  });

  test("bad rows are named together, a missing image by its path", async () => {
    const path = file("bad.json", [
      { id: 1, question: "a" },
      { id: 1, question: "b" },
      { id: 2 },
      { id: 3, question: "c", options: [] },
    ]);
    const message = await messageOf(loadQuestions(path));
    expect(message).toMatch(/row 3 \(id 3\), options: \[\]; expected at least one text/);
    const twice = file("twice.json", [{ id: 1, question: "a" }, { id: 1, question: "b" }, { id: 2 }]);
    expect(await messageOf(loadQuestions(twice))).toMatch(
      /2 faults.*row 1 \(id 1\), id: "1"; expected another than row 0's.*row 2.*question: missing/s,
    );
    expect(await messageOf(loadQuestions(file("image.json", [{ question: "a", image_path: "no.png" }])))).toMatch(
      /no\.png/,
    );
  });
});

describe("templates", () => {
  test("fill in one pass, drop lines that are an empty placeholder, leave other braces alone", () => {
    const one = template("\\frac{a}{b} {question}\n{options}\n{steps}.", ["question"], ["options", "steps"]);
    expect(one.fill({ question: "{options} $& $1", options: "", steps: "s" })).toBe("\\frac{a}{b} {options} $& $1\ns.");
    expect(one.fill({ question: "q", options: "Options: (A) x", steps: "" })).toBe("\\frac{a}{b} q\nOptions: (A) x\n.");
  });

  test("those that hide the question, or would give the answer away, are refused by file and placeholder", () => {
    const read = (text: string) =>
      readTemplate(file("t.txt", text), ...(templateFields.sample as unknown as [["question"], ["options"]]));
    expect(() => read("Solve it.")).toThrow(/t\.txt does not hold \{question\}/);
    expect(() => read("{question} It is {reference}.")).toThrow(
      /t\.txt holds \{reference\}.*may hold \{question\}, \{options\}/,
    );
    expect(() => readTemplate(join(folder, "none.txt"), ["question"])).toThrow(/none\.txt cannot be read/);
    for (const [kind, text] of Object.entries(defaultTemplates)) {
      const [required, optional] = templateFields[kind as TemplateKind];
      expect(template(text, required, optional).text).toBe(text);
    }
  });
});

async function sampled(policy: Policy, questions: Parameters<typeof sampleSolutions>[0], samples = 3) {
  const solved: Solved[] = [];
  const failures: string[] = [];
  for await (const { results, failure } of sampleSolutions(questions, { policy, samples, judge: matchJudge() })) {
    solved.push(...results);
    if (failure) failures.push(`${failure.id}: ${failure.message}`);
  }
  return { solved, failures };
}

test("N solutions of each question in five steps and an answer, judged; they load as pools", async () => {
  const server = await startServer();
  const policy = await openPolicy({ model: "m", baseUrl: server.url, cache: join(folder, "cache") });
  open.push(server, policy);
  const questions = [
    { questionId: "a", question: "Which?", options: ["w", "x", "y", "z"], reference: "x", domain: "d" },
    { questionId: "b", question: "What?" },
  ];
  const { solved, failures } = await sampled(policy, questions);
  expect(failures).toEqual([]);
  expect(solved.map(({ id }) => id)).toEqual(["a/0", "a/1", "a/2", "b/0", "b/1", "b/2"]);
  for (const { steps, answer, correct, questionId } of solved) {
    expect(steps.map((step) => step.slice(0, 6))).toEqual(["Step 1", "Step 2", "Step 3", "Step 4", "Step 5", "Final "]);
    expect(correct).toBe(questionId === "a" ? answer === "B" : undefined);
  }
  const [first] = server.requests.map((body) => (body["messages"] as { content: string }[])[0].content);
  expect(first).toMatch(/Problem:\nWhich\?\nOptions: \(A\) w \(B\) x \(C\) y \(D\) z$/);
  const out = join(folder, "solved.jsonl");
  await writeRows(
    out,
    solved.slice(0, 3).map((item) => toSolvedRow(item, { folder })),
  );
  const [pool] = await loadPools(out, { quiet: true });
  expect(pool.candidates.map(({ correct, answer }) => [correct, answer])).toEqual(
    solved.slice(0, 3).map(({ correct, answer }) => [correct, answer]),
  );
  expect(pool.question).toBe("Which?\nOptions: (A) w (B) x (C) y (D) z");
});

test("thoughts before the text are no steps; a prompt that is refused fails alone", async () => {
  const server = await startServer({
    answer: ({ prompt }) => {
      if (prompt.includes("long")) throw new Error("cut");
      return "<think>\nStep 1: hm\n\nFinal answer: 9\n</think>\nStep 1: Add.\n\nFinal answer: 4";
    },
  });
  const policy = await openPolicy({
    model: "m",
    baseUrl: server.url,
    cache: join(folder, "thoughts"),
    retry: { attempts: 2, pauseMs: 1 },
  });
  open.push(server, policy);
  const { solved, failures } = await sampled(
    policy,
    ["short", "long", "brief"].map((question) => ({ questionId: question, question })),
    1,
  );
  expect(solved.map(({ questionId, steps, answer }) => [questionId, steps.length, answer])).toEqual([
    ["short", 2, "4"],
    ["brief", 2, "4"],
  ]);
  expect(failures).toEqual([expect.stringMatching(/^long: .*attempt 2 of 2/)]);
});

test("inOrder keeps the order, waits for what was begun, and begins nothing after a failure", async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = async (n: number) => {
    begun.push(n);
    await new Promise((resolve) => setTimeout(resolve, (n % 3) * 5));
    ended++;
    if (n === 20) throw new Error("20");
    return n * n;
  };
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  const squares: number[] = [];
  await expect((async () => { for await (const square of inOrder(numbers, 1, work)) squares.push(square); })()).rejects.toThrow("20"); // prettier-ignore
  expect(squares).toEqual(numbers.slice(0, 20).map((n) => n * n));
  expect(ended).toBe(begun.length);
  expect(begun.length).toBeLessThanOrEqual(20 + 16);
});

const { DREAMPRM_TEST_ENDPOINT: endpoint, DREAMPRM_TEST_MODEL: model } = process.env;
if (!endpoint || !model) console.log("no real server: set DREAMPRM_TEST_ENDPOINT and DREAMPRM_TEST_MODEL to test one");
test.skipIf(!endpoint || !model)("a real server answers, several samples at once", { timeout: 600_000 }, async () => {
  const policy = await openPolicy({
    model: model ?? "",
    baseUrl: endpoint ?? "",
    cache: join(folder, "real"),
    maxTokens: 64,
    temperature: 1,
  });
  open.push(policy);
  const completions = await policy.complete([{ role: "user", text: "Name an animal, then a plant." }], { samples: 3 });
  for (const { text } of completions) expect(text).toMatch(/\w/);
  expect(policy.usage()).toMatchObject({ received: 3, unsettled: 0 });
  expect(policy.usage().outputTokens).toBeGreaterThan(0);
  const responses = await openPolicy({
    model: model ?? "",
    baseUrl: endpoint ?? "",
    cache: join(folder, "real 2"),
    api: "responses",
    maxTokens: 64,
  });
  open.push(responses);
  const [{ text }] = await responses.complete([{ role: "user", text: "Name an animal." }], { samples: 1 });
  expect(text).toMatch(/\w/);
});
