import { parquetWriteBuffer } from "hyparquet-writer";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../../lib/data/convert.js";
import { importSource } from "../../../lib/data/import.js";
import { loadTrainSet } from "../../../lib/data/dreamprm.js";
import { messageOf, scratch } from "../helpers.js";

const { folder, write } = scratch();
const hard = {
  prompt: "Which is larger, 0.9 or 0.11?",
  completions: ["0.9 > 0.11.", "So 0.11."],
  labels: [true, false],
};
const soft = { ...hard, labels: [0.8125, 1 / 3] };
const rows = [hard, soft];

test("booleans are hard labels, numbers stay the shares that they are", async () => {
  const file = write("train.jsonl", rows);
  const { solutions, sources } = await importSource([file], { quiet: true, outcome: "last-step" });
  expect(sources[0]).toMatchObject({
    format: "TRL stepwise",
    evidence: { step: 1, share: 1 },
    outcomes: { derived: 2 },
  });
  expect(solutions[0]).toMatchObject({ steps: hard.completions, stepLabels: [1, 0], domain: "train", correct: false });
  expect(solutions[0].stepShares).toBeUndefined();
  expect(solutions[1]).toMatchObject({ stepShares: [0.8125, 1 / 3], correct: false });
  expect(solutions[1].stepLabels).toBeUndefined();
  const out = `${folder}/out.json`;
  const { labels, sources: recorded } = await convert([file], { out, to: "train", quiet: true });
  expect(labels).toEqual({ outcome: 0, steps: 2 });
  expect(recorded[0].outcomes).toEqual({ stated: 0, derived: 0, unknown: 2 });
  const { samples } = await loadTrainSet(out, { quiet: true });
  expect(samples.map(({ target, trueLabel }) => [target, trueLabel])).toEqual([
    [1, 1],
    [0, 0],
    [0.8125, undefined],
    [1 / 3, undefined],
  ]);
  expect(samples.map(({ steps }) => steps.length)).toEqual([1, 2, 1, 2]);
});

test("labels that do not fit are refused", async () => {
  const bad = [[true], [0.5, 1.5], [true, 0.5], [NaN, 1]].map((labels) => ({ ...hard, labels }));
  const text = bad
    .map((row) => JSON.stringify(row))
    .join("\n")
    .replace("null", "NaN");
  const message = await messageOf(importSource([write("train.jsonl", text)], { quiet: true }));
  expect(message).toContain("row 0, labels: [true]; expected as many as completions");
  expect(message).toContain("row 1, labels.1: 1.5; expected a number in [0, 1]");
  expect(message).toContain("row 2, labels: [true,0.5]; expected all booleans, or all numbers");
  expect(message).toContain('row 3, labels.0: "NaN"; expected true, false or a number in [0, 1]');
});

function parquet(name: string, labels: "DOUBLE" | "BOOLEAN", given: readonly Record<string, unknown>[]): string {
  const list = (name: string, element: object) =>
    [
      { name, repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", repetition_type: "OPTIONAL", ...element },
    ] as const;
  const text = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
  const buffer = parquetWriteBuffer({
    schema: [
      { name: "root", num_children: 3 },
      { name: "prompt", repetition_type: "OPTIONAL", ...text },
      ...list("completions", text),
      ...list("labels", { type: labels }),
    ],
    columnData: ["prompt", "completions", "labels"].map((name) => ({ name, data: given.map((row) => row[name]) })),
    rowGroupSize: 2,
  });
  const file = path.join(folder, name);
  writeFileSync(file, new Uint8Array(buffer));
  return file;
}

test.each([
  ["BOOLEAN", hard],
  ["DOUBLE", soft],
] as const)("Parquet of %s labels gives what JSON lines give", async (type, row) => {
  const many = Array.from({ length: 5 }, (_, i) => ({ ...row, prompt: `${row.prompt} ${i}` }));
  const options = { quiet: true, outcome: "last-step", domain: "d" } as const;
  const fromParquet = await importSource([parquet("rows.parquet", type, many)], options);
  const fromLines = await importSource([write("rows.jsonl", many)], options);
  const texts = ({ id: _, ...rest }: (typeof fromLines.solutions)[number]) => rest;
  expect(fromParquet.solutions.map(texts)).toEqual(fromLines.solutions.map(texts));
  expect(fromParquet.sources[0]).toMatchObject({ rows: 5, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
});

test("a damaged Parquet file is refused with the remedy", async () => {
  const file = parquet("cut.parquet", "DOUBLE", [soft]);
  writeFileSync(file, readFileSync(file).subarray(0, 40));
  await expect(importSource([file], { quiet: true })).rejects.toThrow(
    /cut\.parquet: cannot be read as Parquet \(.*\); convert it to \.jsonl/,
  );
});
