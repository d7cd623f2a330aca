import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { random } from "../../lib/core/random.js";
import { loadTrainSet } from "../../lib/data/dreamprm.js";
import { loadMetaSet, loadPools } from "../../lib/data/solutions.js";
import { ensureDemo, loadPlantedQuality, makeDemo, type DemoReport } from "../../lib/data/synthetic.js";
import { DOMAINS } from "../../lib/data/synthetic/domains.js";
import { renderPng } from "../../lib/data/synthetic/png.js";
import { derive, drawError } from "../../lib/data/synthetic/errors.js";
import { drawQuestion } from "../../lib/data/synthetic/question.js";
import { writeSolution } from "../../lib/data/synthetic/solution.js";
import { messageOf, scratch } from "./helpers.js";

const { folder: root } = scratch();
const folder = path.join(root, "demo");
const quiet = { quiet: true, images: "check" } as const;
const questionsPerDomain = { train: 16, meta: 5, test: 6, candidates: 8 };
let report: DemoReport;

beforeAll(async () => {
  report = await makeDemo(folder, { seed: 7, questionsPerDomain });
});

const rows = <T>(file: string) => JSON.parse(readFileSync(path.join(folder, file), "utf8")) as T[];
const numbersIn = (text: string) => (text.match(/\d+/g) ?? []).map(Number);

/** Every `a ∘ b = c` of a text, worked out independently of the generator. */
function equations(text: string) {
  return [...text.matchAll(/(\d+) ([-+×/]) (\d+) = (\d+)/g)].map(([, a, operator, b, c]) => {
    const [x, y] = [Number(a), Number(b)];
    const value = operator === "+" ? x + y : operator === "-" ? x - y : operator === "×" ? x * y : x / y;
    return { right: value === Number(c), value: Number(c) };
  });
}

describe("files", () => {
  test("load through the ordinary loaders, every image is there", async () => {
    const train = await loadTrainSet(path.join(folder, "train.json"), quiet);
    const meta = await loadMetaSet(path.join(folder, "meta.json"), quiet);
    const held = await loadMetaSet(path.join(folder, "test.json"), quiet);
    const pools = await loadPools(path.join(folder, "candidates.json"), quiet);
    const sizes = [train.samples, meta.solutions, held.solutions, pools].map(({ length }) => length);
    expect(sizes).toEqual([10 * 16 * 3 * 5, 10 * 5 * 4, 10 * 6 * 3, 10 * 8]);
    expect(train.domains).toEqual(DOMAINS.map(({ name }) => name));
    expect([meta, held].map(({ withoutSteps }) => withoutSteps)).toEqual([0, 0]);
    const whole = [...meta.solutions, ...held.solutions, ...pools.flatMap(({ candidates }) => candidates)];
    expect(new Set(whole.map(({ steps }) => steps.length))).toEqual(new Set([5]));
    expect(whole.every(({ answer }) => /^\d+$/.test(answer ?? ""))).toBe(true);
    expect(train.samples.every(({ steps }, i) => steps.length === (i % 5) + 1)).toBe(true);
    expect(report.images.count).toBe(10 * (16 + 5 + 6 + 8));
  });

  test("the sets share no question, neither by name nor by text", () => {
    const texts = [
      rows<{ input: string }>("train.json").map(({ input }) => input),
      rows<{ input: string }>("meta.json").map(({ input }) => input.split("\n\n")[0]),
      rows<{ problem: string }>("test.json").map(({ problem }) => problem),
      rows<{ question: string }>("candidates.json").map(({ question }) => question),
    ].map((list) => new Set(list));
    expect(texts.map(({ size }) => size)).toEqual([160, 50, 60, 80]);
    expect(new Set(texts.flatMap((set) => [...set])).size).toBe(160 + 50 + 60 + 80);
  });

  test("the manifest holds the hashes of the files", () => {
    for (const [file, { sha256 }] of Object.entries(report.files)) {
      const bytes = readFileSync(path.join(folder, file));
      expect(createHash("sha256").update(bytes).digest("hex"), file).toBe(sha256);
    }
    expect(readdirSync(root)).toEqual(["demo"]);
  });

  test("the same seed gives the same bytes, another seed others", async () => {
    const few = { train: 2, meta: 1, test: 1, candidates: 1 };
    const make = (name: string, seed: number) =>
      makeDemo(path.join(root, "twice", name), { seed, questionsPerDomain: few });
    const [first, again, other] = [await make("first", 7), await make("again", 7), await make("other", 8)];
    expect({ ...again, folder }).toEqual({ ...first, folder });
    for (const file of Object.keys(first.files)) expect(other.files[file].sha256).not.toBe(first.files[file].sha256);
    expect(other.images.sha256).not.toBe(first.images.sha256);
    rmSync(path.join(root, "twice"), { recursive: true });
  });
});

describe("truth", () => {
  interface TestRow {
    readonly problem: string;
    readonly steps: readonly string[];
    readonly final_answer_correct: boolean;
    readonly label: number;
  }

  test("right solutions hold true equations only, and conclude with the last value", () => {
    const right = rows<TestRow>("test.json").filter(({ label }) => label === -1);
    expect(right.length).toBeGreaterThan(50);
    for (const { steps, final_answer_correct } of right) {
      const found = equations(steps.join("\n"));
      expect(found.length).toBeGreaterThan(1);
      expect(found.every(({ right }) => right)).toBe(true);
      expect(numbersIn(steps[4]).at(-1)).toBe(found.at(-1)?.value);
      expect(final_answer_correct).toBe(true);
    }
  });

  test("before the first error all equations are true; a false one is at the error or quotes it", () => {
    const wrong = rows<TestRow>("test.json").filter(({ label }) => label !== -1);
    expect(new Set(wrong.map(({ label }) => label))).toEqual(new Set([0, 1, 2, 3, 4]));
    for (const { steps, label } of wrong) {
      const before = steps.slice(0, label).join("\n");
      expect(equations(before).every(({ right }) => right)).toBe(true);
    }
    const lucky = wrong.filter(({ final_answer_correct }) => final_answer_correct);
    expect(lucky.length / wrong.length).toBeLessThan(0.15);
  });

  test.each(DOMAINS)(
    "$name: errors of every kind, later steps calculate on, about half or more can be seen in the numbers",
    (domain) => {
      const draw = random(`errors ${domain.name}`);
      const kinds = new Set<string>();
      let seen = 0;
      const drawn = 120;
      for (let i = 0; i < drawn; i++) {
        const question = drawQuestion(domain.family, draw.fork(i), new Set());
        const error = drawError(question, draw);
        kinds.add(error.kind);
        const { steps, correct, answer, truth } = writeSolution(question, error, draw);
        expect(correct).toBe(answer === truth);
        expect(derive(question, error).answer).not.toBe(truth);
        const slips = equations(steps.slice(0, 4).join("\n")).filter(({ right }) => !right);
        expect(slips.length).toBe(error.kind === "slip" ? 1 : 0);
        const known = new Set(numbersIn([question.text, ...steps.slice(0, error.step)].join(" ")));
        const results = new Set(equations(steps[error.step]).map(({ value }) => value));
        const unseen = numbersIn(steps[error.step].split("\n").slice(1).join(" ")).some(
          (n) => !known.has(n) && !results.has(n) && n !== 60 && n !== 100,
        );
        if (slips.length > 0 || unseen) seen++;
      }
      expect(kinds).toEqual(
        new Set(["misquote", "wrong goal", "misreading", "wrong rule", "contradiction", "slip", "wrong conclusion"]),
      );
      expect(seen / drawn).toBeGreaterThan(0.45);
    },
  );
});

describe("labels", () => {
  interface Row {
    readonly dataset: string;
    readonly add: string;
    readonly score: number;
    readonly times: number;
    readonly accuracy: number;
    readonly step_label: 0 | 1;
  }
  const agreement = (list: readonly Row[]) =>
    list.filter(({ accuracy, step_label }) => Number(accuracy >= 0.5) === step_label).length / list.length;
  const share = (list: readonly Row[]) => list.filter(({ step_label }) => step_label === 1).length / list.length;

  test("completions end right with 90 % from right prefixes, 10 % from wrong ones, where labels are clean", () => {
    const clean = rows<Row>("train.json").filter(({ dataset }) => ["bar", "table", "geometry"].includes(dataset));
    expect(clean.every(({ score, times, accuracy }) => times === 8 && accuracy === score / 8)).toBe(true);
    for (const [label, expected] of [
      [1, 0.9],
      [0, 0.1],
    ]) {
      const some = clean.filter(({ step_label }) => step_label === label).map(({ accuracy }) => accuracy);
      const mean = some.reduce((a, b) => a + b) / some.length;
      expect(Math.abs(mean - expected)).toBeLessThan((4 * 0.11) / Math.sqrt(some.length));
    }
    expect(agreement(clean)).toBeGreaterThan(0.99);
  });

  test("flaws are as planted", () => {
    const all = rows<Row>("train.json");
    for (const { name, flaw } of DOMAINS) {
      const of = all.filter(({ dataset }) => dataset === name);
      if (flaw.kind === "label noise") {
        const wrong = flaw.share * (flaw.inverted + (1 - flaw.inverted) * 0.5);
        expect(Math.abs(1 - agreement(of) - wrong), name).toBeLessThan(0.15);
      } else if (flaw.kind === "too easy") expect(share(of), name).toBeGreaterThan(0.85);
      else if (flaw.kind === "clean") expect(Math.abs(share(of) - 0.5), name).toBeLessThan(0.2);
      else {
        const last = (text: string) => text.slice(text.lastIndexOf("Step "));
        const follows = of.filter(({ add, accuracy }) => last(add).includes(flaw.phrase) === accuracy >= 0.5);
        expect(follows.length / of.length, name).toBeGreaterThan(0.85);
      }
    }
  });

  test("outside training the cues stand in right and wrong steps alike", () => {
    const steps = rows<{ steps: string[]; label: number }>("test.json").flatMap(({ steps, label }) =>
      steps.map((text, i) => ({ cued: text.includes("Let me double-check."), right: label === -1 || i < label })),
    );
    const rate = (right: boolean) => {
      const some = steps.filter((step) => step.right === right);
      return some.filter(({ cued }) => cued).length / some.length;
    };
    expect(Math.abs(rate(true) - rate(false))).toBeLessThan(0.1);
    expect(rate(true)).toBeGreaterThan(0.15);
  });

  test("pools have one right candidate or more, and about six in ten are right", async () => {
    const pools = await loadPools(path.join(folder, "candidates.json"), { quiet: true });
    const right = pools.map(({ candidates }) => candidates.filter(({ correct }) => correct).length / 8);
    expect(right.filter((share) => share > 0).length / right.length).toBeGreaterThanOrEqual(0.95);
    const mean = right.reduce((a, b) => a + b) / right.length;
    expect(mean).toBeGreaterThan(0.5);
    expect(mean).toBeLessThan(0.75);
  });
});

test.each(DOMAINS)("$name: the picture is a small PNG", ({ family }) => {
  const { svg } = drawQuestion(family, random("picture"), new Set());
  const png = renderPng(svg);
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([280, 210]);
  expect(png.length).toBeLessThan(8000);
  expect(svg).not.toMatch(/NaN|undefined/);
});

describe("places", () => {
  test("ensureDemo makes it once, and again for another seed or a missing file", async () => {
    const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const place = path.join(root, "ensured");
    const small = { questionsPerDomain: { train: 1, meta: 1, test: 1, candidates: 1 } };
    const made = await ensureDemo(place, small);
    expect(await ensureDemo(place, small)).toMatchObject({ seed: 1, files: made.files });
    expect(print).toHaveBeenCalledTimes(1);
    expect((await ensureDemo(place, { ...small, seed: 2 })).seed).toBe(2);
    rmSync(path.join(place, "meta.json"));
    expect((await ensureDemo(place, small)).files).toEqual((await ensureDemo(place, { ...small, seed: 1 })).files);
    expect(existsSync(path.join(place, "meta.json"))).toBe(true);
    print.mockRestore();
  });

  test("planted quality", async () => {
    const quality = await loadPlantedQuality(path.join(folder, "truth.json"));
    expect(quality).toEqual(Object.fromEntries(DOMAINS.map(({ name, quality }) => [name, quality])));
    expect(await messageOf(loadPlantedQuality(path.join(folder, "meta.json")))).toMatch(/meta\.json.*truth\.json/);
    expect(await messageOf(loadPlantedQuality(path.join(root, "none.json")))).toMatch(/none\.json.*make the demo/);
  });

  test("a folder with other files is left alone", async () => {
    const foreign = path.join(root, "foreign");
    mkdirSync(foreign);
    writeFileSync(path.join(foreign, "thesis.tex"), "years of work");
    expect(await messageOf(makeDemo(foreign))).toMatch(/foreign.*thesis\.tex.*new folder/);
    expect(readFileSync(path.join(foreign, "thesis.tex"), "utf8")).toBe("years of work");
  });

  test("a place that cannot be written is named, and nothing is left", async () => {
    const before = readdirSync(root);
    const below = path.join(folder, "train.json", "demo");
    expect(await messageOf(makeDemo(below))).toContain(below);
    expect(readdirSync(root)).toEqual(before);
  });

  test("unknown and ill-typed options are refused", async () => {
    const options = { questionsPerDomain: { train: 0.5 }, sed: 3 } as object;
    const message = await messageOf(makeDemo(path.join(root, "never"), options));
    expect(message).toMatch(/questionsPerDomain\.train.*0\.5/);
    expect(message).toMatch(/sed/);
    expect(existsSync(path.join(root, "never"))).toBe(false);
  });

  test("a failure half-way leaves the old demo as it was", async () => {
    const fail = () => {
      throw new Error("enough");
    };
    expect(await messageOf(makeDemo(folder, { seed: 9, questionsPerDomain, onProgress: fail }))).toBe("enough");
    const manifest = JSON.parse(readFileSync(path.join(folder, "manifest.json"), "utf8")) as DemoReport;
    expect(manifest.files).toEqual(report.files);
    expect(readdirSync(root).filter((name) => name.includes("partial"))).toEqual([]);
  });
});
