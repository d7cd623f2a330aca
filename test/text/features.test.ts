import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StepInput } from "../../lib/data/types.js";
import { hashedFeatures, type Encoder } from "../../lib/text/features.js";
import { denseRows } from "../../lib/text/rows.js";

const inputs: StepInput[] = [
  { question: "Tea 3, milk 4. Total?", steps: ["Step 1: read the chart."] },
  { question: "Tea 3, milk 4. Total?", steps: ["Step 1: read the chart.", "3 + 4 = 8"] },
  { question: "Tea 3, milk 4. Total?", steps: ["Step 1: read the chart.", "3 + 4 = 8", "Final answer: 8"] },
  { question: "", steps: [""] },
];

/** name → value of the columns of a row that are no buckets */
function namedValues(encoder: Encoder, input: StepInput): Record<string, number> {
  const dense = denseRows(encoder.encode([input]), [0]);
  const named = Array.from(dense, (value, column): [string, number] => [encoder.names(column), value]);
  return Object.fromEntries(named.filter(([name]) => !name.startsWith("bucket")));
}

describe("columns", () => {
  test("position, lengths and verifiers have names", () => {
    const values = namedValues(hashedFeatures(), inputs[2]);
    expect(values).toMatchObject({
      "first step": 0,
      "final answer": 1,
      "equation wrong": 0,
      "earlier equation wrong": 1,
    });
    expect(values.position).toBeCloseTo(0.3, 6);
    expect(values["inverse position"]).toBeCloseTo(1 / 3, 6);
    expect(values["log position"]).toBeCloseTo(Math.log(3) / 3, 6);
    expect(values["log step length"]).toBeCloseTo(Math.log(16) / 8, 6);
    expect(values["log earlier length"]).toBeCloseTo(Math.log(1 + 23 + 9) / 8, 6);
    expect(values["log question length"]).toBeCloseTo(Math.log(22) / 8, 6);
  });

  test("size counts them all, each once", () => {
    const encoder = hashedFeatures({ buckets: 16 });
    const names = Array.from({ length: encoder.size }, (_, column) => encoder.names(column));
    expect(new Set(names).size).toBe(encoder.size);
    expect(names[17 - 2]).toBe("bucket 15");
    expect(hashedFeatures({ buckets: 16, verifiers: false }).size).toBeLessThan(encoder.size);
    expect(() => encoder.names(encoder.size)).toThrow("does not exist");
  });
});

describe("n-grams", () => {
  const buckets = 2 ** 20;
  const bucketsOf = (step: string, question = "", ngrams = 2) => {
    const { indices, values } = hashedFeatures({ buckets, verifiers: false, ngrams }).encode([
      { question, steps: [step] },
    ]);
    return [...indices].flatMap((column, i): [number, number][] => (column < buckets ? [[column, values[i]]] : []));
  };

  test("n distinct n-grams of 1/√n each, length 1", () => {
    const entries = bucketsOf("we add both");
    expect(entries).toHaveLength(5);
    for (const [, value] of entries) expect(value).toBeCloseTo(1 / Math.sqrt(5), 6);
  });

  test("unigrams, bigrams, trigrams", () => {
    expect([1, 2, 3].map((n) => bucketsOf("we add both", "", n).length)).toEqual([3, 5, 6]);
  });

  test("a repeated token adds up", () => {
    const entries = bucketsOf("tea tea tea", "", 1);
    expect(entries).toHaveLength(1);
    expect(entries[0][1]).toBeCloseTo(Math.sqrt(3), 6);
  });

  test("the question has buckets of its own and half the weight", () => {
    const step = new Map(bucketsOf("tea", "", 1));
    const both = new Map(bucketsOf("tea", "tea", 1));
    expect(both.size).toBe(2);
    const questionBucket = [...both.keys()].find((bucket) => !step.has(bucket));
    expect(both.get(questionBucket!)).toBe(0.5);
  });

  test("case and digits do not matter, order and number of digits do", () => {
    expect(bucketsOf("Tea 17")).toEqual(bucketsOf("tea 42"));
    expect(bucketsOf("tea 17")).not.toEqual(bucketsOf("tea 5"));
    expect(bucketsOf("tea milk")).not.toEqual(bucketsOf("milk tea"));
  });

  test("tokens spread over the buckets like random draws", () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyz"];
    const words = letters.flatMap((a) => letters.map((b) => `w${a}${b}`));
    const { indices } = hashedFeatures({ buckets: 1024, verifiers: false, ngrams: 1 }).encode([
      { question: "", steps: [words.join(" ")] },
    ]);
    const filled = [...indices].filter((column) => column < 1024).length;
    // 1024 (1 − (1 − 1/1024)⁶⁷⁶) = 495 expected, standard deviation about 10
    expect(Math.abs(filled - 495)).toBeLessThan(40);
  });
});

describe("encode", () => {
  test("a row does not depend on the other rows", () => {
    const encoder = hashedFeatures({ buckets: 64 });
    const all = denseRows(encoder.encode(inputs), [0, 1, 2, 3]);
    const single = inputs.flatMap((input) => [...denseRows(encoder.encode([input]), [0])]);
    expect([...all]).toEqual(single);
    expect(all.every(Number.isFinite)).toBe(true);
    expect(encoder.encode(inputs)).toEqual(encoder.encode(inputs));
  });

  test("dense rows come in the order asked for", () => {
    const encoder = hashedFeatures({ buckets: 8 });
    const features = encoder.encode(inputs);
    const [a, b] = [denseRows(features, [2, 0, 2]), denseRows(features, [0, 2])];
    expect(a.slice(encoder.size, 2 * encoder.size)).toEqual(b.slice(0, encoder.size));
    expect(a.slice(0, encoder.size)).toEqual(a.slice(2 * encoder.size));
    expect(() => denseRows(features, [4])).toThrow("row 4 does not exist; there are 4");
  });

  test("columns ascend and zeros are left out", () => {
    const { indptr, indices, values } = hashedFeatures().encode(inputs);
    expect(indptr[indptr.length - 1]).toBe(indices.length);
    expect(values.every((value) => value !== 0)).toBe(true);
    for (let row = 0; row < inputs.length; row++) {
      for (let i = indptr[row] + 1; i < indptr[row + 1]; i++) expect(indices[i]).toBeGreaterThan(indices[i - 1]);
    }
  });

  test("no inputs, no rows", () => {
    expect(hashedFeatures().encode([])).toMatchObject({ rows: 0, indptr: new Int32Array(1) });
  });

  test("errors name the row, the option and the value", () => {
    expect(() => hashedFeatures().encode([inputs[0], { question: "?", steps: [] }])).toThrow("input 1 has no steps");
    expect(() => hashedFeatures({ buckets: 0 })).toThrow("buckets is 0");
    expect(() => hashedFeatures({ buckets: 1.5 })).toThrow("buckets is 1.5");
    expect(() => hashedFeatures({ ngrams: 4 })).toThrow("ngrams is 4");
    expect(() => hashedFeatures({ bucket: 9 } as object)).toThrow('no option "bucket"');
  });
});

describe("encodeCached", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "features-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("stores what encode gives and reads it back bit for bit", async () => {
    const encoder = hashedFeatures({ buckets: 64, cache: join(folder, "new") });
    const first = await encoder.encodeCached(inputs);
    expect(await readdir(join(folder, "new"))).toHaveLength(1);
    expect(await encoder.encodeCached(inputs)).toEqual(first);
    expect(first).toEqual(encoder.encode(inputs));
  });

  test("is read, not recomputed", async () => {
    const encoder = hashedFeatures({ buckets: 64, cache: folder });
    await encoder.encodeCached(inputs);
    const reused = hashedFeatures({ buckets: 64, cache: folder });
    const [file] = await readdir(folder);
    const before = await readFile(join(folder, file));
    const start = { ...inputs[0], image: "other.png" };
    expect(await reused.encodeCached([start, ...inputs.slice(1)])).toEqual(encoder.encode(inputs));
    expect(await readdir(folder)).toEqual([file]);
    expect(await readFile(join(folder, file))).toEqual(before);
  });

  test("other inputs or options have files of their own", async () => {
    await hashedFeatures({ buckets: 64, cache: folder }).encodeCached(inputs);
    await hashedFeatures({ buckets: 64, cache: folder }).encodeCached(inputs.slice(1));
    await hashedFeatures({ buckets: 32, cache: folder }).encodeCached(inputs);
    await hashedFeatures({ buckets: 64, cache: folder, ngrams: 1 }).encodeCached(inputs);
    await hashedFeatures({ buckets: 64, cache: folder, verifiers: false }).encodeCached(inputs);
    expect(await readdir(folder)).toHaveLength(5);
  });

  test.each([
    ["truncated", (file: Buffer) => file.subarray(0, file.length - 5)],
    ["empty", () => Buffer.alloc(0)],
    ["changed", (file: Buffer) => Buffer.from(file).fill(7, file.length - 8)],
  ])("a %s file is computed again and mended", async (_, damage) => {
    const encoder = hashedFeatures({ buckets: 64, cache: folder });
    const good = await encoder.encodeCached(inputs);
    const [file] = await readdir(folder);
    const bytes = await readFile(join(folder, file));
    await writeFile(join(folder, file), damage(bytes));
    expect(await encoder.encodeCached(inputs)).toEqual(good);
    expect(await readFile(join(folder, file))).toEqual(bytes);
  });

  test("a folder that cannot be written is named", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const encoder = hashedFeatures({ cache: join(file, "cache") });
    await expect(encoder.encodeCached(inputs)).rejects.toThrow(`cannot be stored in ${join(file, "cache")}`);
  });

  test("without a folder it computes", async () => {
    const encoder = hashedFeatures({ buckets: 64 });
    expect(await encoder.encodeCached(inputs)).toEqual(encoder.encode(inputs));
  });
});
