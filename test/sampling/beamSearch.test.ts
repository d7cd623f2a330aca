import { writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hashText } from "../../lib/core/random.js";
import { beamSearch, type BeamSearchOptions, type SearchNode } from "../../lib/sampling/beamSearch.js";
import { openPolicy, type Policy } from "../../lib/sampling/policy.js";
import { temporaryFolder } from "../tracker/folders.js";
import { dreamprm } from "./cli.js";
import { type Asked, startServer } from "./server.js";

const folder = temporaryFolder();
const open: { close(): Promise<void> }[] = [];
afterAll(async () => {
  for (const one of open.reverse()) await one.close();
});

const question = { questionId: "q", question: "Which way?" };
const depth = 4;
const ways = ["left", "straight", "right"];
const stepAt = (level: number, way: string) => (level < depth ? `Step ${level}: ${way}` : `Final answer: ${way}`);

/** After any prefix the three ways, in this order; the first of them at temperature 0. */
function walker(): Policy & { asked: number } {
  const policy = {
    asked: 0,
    complete: (messages: readonly { text: string }[], { samples }: { samples: number }) => {
      policy.asked++;
      const level = (messages[0].text.split("Solution so far:")[1].match(/Step \d/g) ?? []).length + 1;
      return Promise.resolve(
        Array.from({ length: samples }, (_, i) => ({
          text: `${stepAt(level, ways[i % 3])}\n\nStep ${level + 1}: too far`,
          finish: "stop",
        })),
      );
    },
  };
  return policy as unknown as Policy & { asked: number };
}

/** A value in [0, 1) of every prefix, as good as random. */
const scoreSteps = (_: unknown, steps: readonly string[]) =>
  steps.map((_, i) => hashText(`seed 5 ${steps.slice(0, i + 1).join("|")}`) / 2 ** 32);
const valueOf = (steps: readonly string[]) => scoreSteps(undefined, steps)[steps.length - 1];
const paths = (level: number): string[][] =>
  level === 0 ? [[]] : paths(level - 1).flatMap((path) => ways.map((way) => [...path, stepAt(level, way)]));
const argmax = (items: readonly string[][], value: (steps: readonly string[]) => number) =>
  items.reduce((a, b) => (value(b) > value(a) ? b : a));

const search = (options: Partial<BeamSearchOptions> = {}) =>
  beamSearch(question, { policy: walker(), scoreSteps, expansions: 3, ...options });

describe("against brute force over all 81 solutions", () => {
  test("a beam as wide as the tree finds the best of all, and the tree is whole", async () => {
    const { best, tree, exhausted } = await search({ beams: 81 });
    expect(best?.steps).toEqual(argmax(paths(depth), valueOf));
    expect(tree.map(({ steps }) => steps.join()).sort()).toEqual(
      [1, 2, 3, 4]
        .flatMap(paths)
        .map((steps) => steps.join())
        .sort(),
    );
    expect(exhausted).toBe(false);
    for (const { id, parent, steps, value, complete } of tree) {
      expect(tree[id].steps).toBe(steps);
      expect(parent < 0 ? [] : tree[parent].steps).toEqual(steps.slice(0, -1));
      expect([value, complete]).toEqual([valueOf(steps), steps.length === depth]);
    }
  });

  test.each([1, 2, 3])("a beam of %d keeps the best of every depth", async (beams) => {
    let living: string[][] = [[]];
    const kept: string[][] = [];
    for (let level = 1; level <= depth; level++) {
      const children = living.flatMap((path) => ways.map((way) => [...path, stepAt(level, way)]));
      living = children.sort((a, b) => valueOf(b) - valueOf(a)).slice(0, beams);
      kept.push(...living);
    }
    const { best, tree } = await search({ beams });
    expect(best?.steps).toEqual(living[0]);
    expect(new Set(tree.filter((node) => node.kept).map(({ steps }) => steps.join()))).toEqual(
      new Set(kept.map((steps) => steps.join())),
    );
  });

  test.each([1, 2, 5])("lookahead of %d values a step by where going on greedily leads", async (lookahead) => {
    const ahead = (steps: readonly string[]) => {
      const end = [...steps];
      for (let i = 0; i < lookahead && end.length < depth; i++) end.push(stepAt(end.length + 1, ways[0]));
      return end;
    };
    let path: string[] = [];
    for (let level = 1; level <= depth; level++)
      path = argmax(
        ways.map((way) => [...path, stepAt(level, way)]),
        (steps) => valueOf(ahead(steps)),
      );
    const { best, tree } = await search({ beams: 1, lookahead });
    expect(best?.steps).toEqual(path);
    for (const node of tree) expect([...node.steps, ...node.ahead]).toEqual(ahead(node.steps));
  });

  test("another aggregation, a bound on the steps", async () => {
    const least = (scores: readonly number[]) => Math.min(...scores);
    const { best } = await search({ beams: 81, aggregate: least });
    expect(best?.steps).toEqual(argmax(paths(depth), (steps) => least(scoreSteps(undefined, steps))));
    const short = await search({ beams: 81, maxSteps: 2 });
    expect(short.best).toMatchObject({ steps: argmax(paths(2), valueOf), complete: false });
  });

  test("a PRM that gives no score for a step is named", async () => {
    await expect(search({ scoreSteps: () => [] })).rejects.toThrow(/scoreSteps gave \[\] for 1 steps/);
    await expect(search({ scoreSteps: (_, steps) => steps.map(() => NaN) })).rejects.toThrow(RangeError);
  });
});

/** One step a request, four in all. */
function nextStep({ prompt, hash }: Asked): string {
  const level = (prompt.split("Solution so far:")[1].match(/Step \d/g) ?? []).length + 1;
  return level < depth ? `Step ${level}: go ${hash.slice(0, 4)}` : `Final answer: ${"AB"[parseInt(hash[0], 16) % 2]}`;
}

test("on an endpoint: again from the cache for nothing; a budget that ends gives the best so far", async () => {
  const server = await startServer({ answer: nextStep });
  const at = async (cache: string, budget?: { requests: number }) => {
    const policy = await openPolicy({
      model: "m",
      baseUrl: server.url,
      cache: join(folder, cache),
      ...(budget && { budget }),
    });
    open.push(server, policy);
    return policy;
  };
  const policy = await at("whole");
  const first = await beamSearch(question, { policy, scoreSteps, beams: 2, expansions: 3 });
  expect(first.best?.steps).toHaveLength(depth);
  const sent = server.requests.length;
  expect(await beamSearch(question, { policy, scoreSteps, beams: 2, expansions: 3 })).toEqual(first);
  expect(server.requests).toHaveLength(sent);
  const poor = await beamSearch(question, {
    policy: await at("poor", { requests: 3 }),
    scoreSteps,
    beams: 2,
    expansions: 3,
  });
  expect(poor).toMatchObject({ exhausted: true, best: { complete: false } });
  expect(poor.best?.steps).toHaveLength(2);
  expect(server.requests).toHaveLength(sent + 3);
});

test(
  "dreamprm search: the best of each question with its tree; a module without scoreSteps is named",
  { timeout: 60_000 },
  async () => {
    const server = await startServer({ answer: nextStep });
    open.push(server);
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const questions = file(
      "questions.json",
      JSON.stringify(
        ["A", "B"].map((answer, i) => ({ id: i, question: `Which way, ${i}?`, options: ["x", "y"], answer })),
      ),
    );
    const prm = file(
      "prm.mjs",
      "export const scoreSteps = async ({ question }, steps) => steps.map((step) => (step.length % 7) / 7);",
    );
    const out = join(folder, "found.jsonl");
    const args = [
      "search",
      questions,
      "--model",
      "m",
      "--base_url",
      server.url,
      "-o",
      out,
      "--quiet",
      "--beams",
      "2",
      "--expansions",
      "2",
    ];
    const { code, stderr } = await dreamprm([...args, "--prm", prm]).ended;
    expect([code, stderr]).toEqual([0, ""]);
    const rows = readFileSync(out, "utf8")
      .trimEnd()
      .split("\n")
      .map(
        (line) =>
          JSON.parse(line) as { steps: string[]; answer: string; final_answer_correct: boolean; tree: SearchNode[] },
      );
    expect(rows.map(({ steps }) => steps.length)).toEqual([depth, depth]);
    rows.forEach(({ answer, final_answer_correct, tree }, i) => {
      expect(final_answer_correct).toBe(answer === "AB"[i]);
      expect(tree.length).toBeGreaterThan(depth);
    });
    const wrong = await dreamprm([...args, "--prm", file("no.mjs", "export const score = 1;")]).ended;
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/no\.mjs exports no function scoreSteps/)]);
  },
);
