import { execFile } from "node:child_process";
import { createReadStream, createWriteStream, existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import { expect, test } from "vitest";
import { messageOf, scratch } from "../helpers.js";
import { convert } from "../../../lib/data/convert.js";
import { writeRows } from "../../../lib/data/write.js";

const { folder, write } = scratch();
const ROWS = 60_000;
const HEAP = 64; // MB

/** Math-Shepherd rows of about 2 kB, all of other questions. */
function* lines(rows: number) {
  for (let i = 0; i < rows; i++) {
    const body = (sign: string) =>
      `Question ${i}: ${"what is it, ".repeat(80)}? Step 1: ${i} + 1 = ${i + 1}. ${sign}\nStep 2: done. ${sign}`;
    yield `${JSON.stringify({ input: body("ки"), label: body("+"), task: "made up" })}\n`;
  }
}

/** Runs the conversion in a process whose heap is too small for the rows, so that it fails unless they are streamed. */
async function convertInLittleMemory(file: string, out: string, to: "train" | "meta"): Promise<number> {
  const module = path.join(import.meta.dirname, "../../../lib/data/convert.ts");
  const options = { out, to, quiet: true, outcome: "last-step" };
  const script = `
    const { convert } = require(${JSON.stringify(module)});
    let peak = 0;
    const watch = setInterval(() => { peak = Math.max(peak, process.memoryUsage().heapUsed); }, 20);
    convert([${JSON.stringify(file)}], ${JSON.stringify(options)}).then(() => {
      clearInterval(watch);
      console.log(peak / 2 ** 20);
    });`;
  const args = [`--max-old-space-size=${HEAP}`, "--import", "tsx", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

test.each([
  { name: "large.jsonl", rows: ROWS, to: "train", written: 2 * ROWS },
  { name: "large.jsonl.gz", rows: ROWS / 2, to: "meta", written: ROWS / 2 },
] as const)(
  "$rows rows of $name pass through a heap that cannot hold them",
  async ({ name, rows, to, written }) => {
    const file = path.join(folder, name);
    const text = Readable.from(lines(rows));
    if (name.endsWith(".gz")) await pipeline(text, createGzip({ level: 1 }), createWriteStream(file));
    else await pipeline(text, createWriteStream(file));
    const out = path.join(folder, `${to}.jsonl`);
    const peak = await convertInLittleMemory(file, out, to);
    console.log(`peak heap ${peak.toFixed(0)} MB of ${HEAP}`);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(HEAP * 1.5); // the young generation is besides
    let count = 0;
    for await (const line of createInterface({ input: createReadStream(out) })) count += line === "" ? 0 : 1;
    expect(count).toBe(written);
  },
  120_000,
);

test("nothing is left of an output whose rows end in an error", async () => {
  const file = write("bad.jsonl", `${[...lines(2000)].join("")}{"input": 1, "label": "x", "task": "t"}\n`);
  const out = path.join(folder, "new", "out.json");
  const message = await messageOf(convert([file], { out, to: "train", quiet: true }));
  expect(message).toContain("row 2000, input: 1; expected a text");
  expect(readdirSync(path.dirname(out))).toEqual([]);
});

test("an earlier file stays as it was until the new one is whole", async () => {
  const out = path.join(folder, "kept.json");
  await writeRows(out, [{ a: 1 }]);
  async function* failing() {
    yield { a: 2 };
    await Promise.resolve();
    throw new Error("in the middle");
  }
  await expect(writeRows(out, failing())).rejects.toThrow("in the middle");
  expect(statSync(out).size).toBe('[\n{"a":1}\n]\n'.length);
  expect(existsSync(`${out}.${process.pid}.part`)).toBe(false);
});
