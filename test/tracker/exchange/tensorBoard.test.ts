import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { double, int, text } from "../../../lib/tracker/exchange/protobuf.js";
import { writeTensorBoard } from "../../../lib/tracker/exchange/tensorBoard.js";
import { crc32c } from "../../../lib/tracker/exchange/tfrecord.js";
import { openStore } from "../../../lib/tracker/store.js";
import { temporaryFolder } from "../folders.js";

const root = temporaryFolder();

/** A run with what an event file can hold; `entries` weights. */
async function someRun(entries: number) {
  const store = await openStore(join(root, crypto.randomUUID()));
  const params = { lower: { rate: 0.1, adam: true }, domains: ["a", "b"], name: "ä", none: null, bad: NaN };
  const run = await store.startRun({ name: "x", params, seed: 7 });
  const names = Array.from({ length: entries }, (_, k) => `domain ${k}`);
  const weights = (step: number) => names.map((_, k) => Math.sin(step + k));
  run.note("before the first step");
  for (const step of [0, 1, 2, 5, 2 ** 40]) {
    run.log(step, {
      loss: 1 / 3 + step,
      "upper.norm ∇": step === 2 ? NaN : -step,
      ...(step === 5 && { late: Infinity }),
    });
    if (step > 0) run.logWeights(step + 0, names, weights(step));
    await new Promise((resolve) => setTimeout(resolve, 3)); // so that times differ
  }
  run.note("größe 実験\nsecond line");
  await run.finish();
  const record = await store.read(run.id);
  const folder = join(root, "tensor board", run.id);
  return { record, folder, file: await writeTensorBoard(record, folder), weights };
}

/** What the file should hold by TensorBoard's names: [wall time in s, step, value] per tag. */
async function expected({ record, weights }: Awaited<ReturnType<typeof someRun>>, withWeights: boolean) {
  const scalars: Record<string, [number, number, number | string][]> = {};
  const number = (value: number) => (Number.isFinite(value) ? Math.fround(value) : value > 0 ? "inf" : "nan");
  const times = new Map<number, number>();
  for (const event of await record.events()) {
    if (event.type !== "metrics") continue;
    times.set(event.step, event.t / 1000);
    for (const [name, value] of Object.entries(event.metrics)) {
      (scalars[name] ??= []).push([event.t / 1000, event.step, number(value)]);
    }
  }
  const series = await record.weights();
  for (const step of withWeights ? series.steps : []) {
    series.names.forEach((name, k) => {
      (scalars[`alpha/${name}`] ??= []).push([times.get(step) ?? NaN, step, Math.fround(weights(step)[k])]);
    });
  }
  const notes = (await record.events()).flatMap((e) => (e.type === "note" ? [[e.t / 1000, e.text] as const] : []));
  return { scalars, times, steps: series.steps, notes };
}

test("CRC-32C is that of RFC 3720, appendix B.4", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(ascending)).toBe(0x46dd794e);
  expect(crc32c(ascending.toReversed())).toBe(0x113fdb5c);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

test("the examples of the Protocol Buffers encoding guide", () => {
  expect(int(1, 150).toString("hex")).toBe("089601");
  expect(int(1, -2).toString("hex")).toBe("08feffffffffffffffff01");
  expect(text(2, "testing").toString("hex")).toBe("120774657374696e67");
  expect(double(16, 1).toString("hex")).toBe("8101000000000000f03f");
});

test("a file that a reader of one's own understands: framing, checksums, scalars", async () => {
  const run = await someRun(3);
  const { scalars } = await expected(run, true);
  expect(basename(run.file)).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  const found: typeof scalars = {};
  let version = "";
  for (const data of framed(readFileSync(run.file))) {
    const event = fields(data);
    version ||= event.get(3)?.[0]?.toString() ?? "";
    for (const value of event.get(5)?.flatMap((summary) => fields(summary).get(1) ?? []) ?? []) {
      const parts = fields(value);
      const simple = parts.get(2)?.[0].readFloatLE();
      if (simple === undefined) continue;
      const tag = parts.get(1)?.[0].toString() ?? "";
      const shown = Number.isFinite(simple) ? simple : simple > 0 ? "inf" : "nan";
      const step = Number(event.get(2)?.[0].readBigInt64LE());
      (found[tag] ??= []).push([event.get(1)?.[0].readDoubleLE() ?? NaN, step, shown]);
    }
  }
  expect(version).toBe("brain.Event:2");
  expect(found).toEqual(scalars);
});

test("written again it is the same file; a fractional step is refused and leaves it", async () => {
  const { record, folder, file } = await someRun(1);
  const before = readFileSync(file);
  expect(await writeTensorBoard(record, folder)).toBe(file);
  expect(readFileSync(file)).toEqual(before);
  const store = await openStore(join(root, crypto.randomUUID()));
  const run = await store.startRun({ name: "x", params: {} });
  run.log(0.5, { loss: 1 });
  await run.finish();
  const other = join(folder, "other");
  await expect(writeTensorBoard(await store.read(run.id), other)).rejects.toThrow(/has step 0\.5; .* CSV or Parquet/);
  expect(readdirSync(folder)).toEqual([basename(file)]);
});

const python = process.env.DREAMPRM_PYTHON ?? "python3";
const without = missing();
if (without !== undefined) console.log(`tests with TensorBoard's own reader are skipped: ${without}`);

test.skipIf(without !== undefined)("TensorBoard reads every value, step and time, notes and parameters", async () => {
  const run = await someRun(3);
  const { scalars, notes } = await expected(run, true);
  const read = readWithTensorBoard(run.file);
  expect(read.scalars).toEqual(scalars);
  expect(read.plugin).toBe("text");
  expect(read.notes).toEqual([
    [notes[0][0], 0, [notes[0][1]]],
    [notes[1][0], 2 ** 40, [notes[1][1]]],
  ]);
  const hparams = { "lower.rate": 0.1, "lower.adam": true, domains: '["a","b"]', name: "ä", bad: NaN };
  expect(read.hparams).toEqual(hparams);
  expect(read.start).toBe(Date.parse(run.record.startedAt) / 1000);
  expect(read.end).toEqual([1, Date.parse(run.record.endedAt ?? "") / 1000]);
});

test.skipIf(without !== undefined)("more than 100 weights are a histogram per snapshot", async () => {
  const run = await someRun(101);
  const { scalars, times, steps } = await expected(run, false);
  const read = readWithTensorBoard(run.file);
  expect(read.scalars).toEqual(scalars);
  expect(Object.keys(read.histograms)).toEqual(["alpha"]);
  expect(read.histograms.alpha).toHaveLength(steps.length);
  for (const [i, step] of steps.entries()) {
    const [time, at, low, high, count, sum, squares, limits, buckets] = read.histograms.alpha[i];
    const values = run.weights(step).map(Math.fround);
    expect([time, at, low, high, count]).toEqual([
      times.get(step),
      step,
      Math.min(...values),
      Math.max(...values),
      101,
    ]);
    expect(sum).toBeCloseTo(
      values.reduce((a, b) => a + b, 0),
      10,
    );
    expect(squares).toBeCloseTo(
      values.reduce((a, b) => a + b * b, 0),
      10,
    );
    expect(limits.at(-1)).toBe(high);
    limits.forEach((limit, b) => {
      const below = values.filter((value) => value < limit || (b === limits.length - 1 && value === limit)).length;
      expect(buckets.slice(0, b + 1).reduce((x, y) => x + y, 0)).toBe(below);
    });
  }
});

interface Found {
  scalars: Record<string, unknown>;
  histograms: Record<string, [number, number, number, number, number, number, number, number[], number[]][]>;
  notes: unknown;
  plugin: string;
  hparams: Record<string, unknown>;
  start: number;
  end: [number, number];
}

function readWithTensorBoard(file: string): Found {
  const script = join(import.meta.dirname, "readTensorBoard.py");
  const output = execFileSync(python, [script, file], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return JSON.parse(output.replace(/: NaN\b/g, ": null"), (key, value: unknown) =>
    key === "bad" ? NaN : value,
  ) as Found;
}

function missing(): string | undefined {
  try {
    execFileSync(python, ["-c", "import tensorboard"], { stdio: "pipe" });
    return undefined;
  } catch {
    return `${python} cannot import tensorboard; set DREAMPRM_PYTHON to one that can`;
  }
}

/** The records of a TFRecord file; its checksums are computed bit by bit here. */
function* framed(bytes: Buffer): Generator<Buffer> {
  const masked = (data: Buffer) => {
    let crc = 0xffffffffn;
    for (const byte of data) {
      crc ^= BigInt(byte);
      for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
    }
    crc ^= 0xffffffffn;
    return Number((((crc >> 15n) | (crc << 17n)) & 0xffffffffn) + 0xa282ead8n & 0xffffffffn); // prettier-ignore
  };
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data));
    yield data;
    at += 16 + length;
  }
}

/** The fields of a message by number; varints as 8 bytes, little-endian. */
function fields(message: Buffer): Map<number, Buffer[]> {
  const found = new Map<number, Buffer[]>();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const wire = key & 7;
    let content: Buffer = Buffer.alloc(8);
    if (wire === 0) content.writeBigUInt64LE(BigInt.asUintN(64, varint()));
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(varint());
      content = message.subarray(at, (at += length));
    }
    found.set(key >> 3, [...(found.get(key >> 3) ?? []), content]);
  }
  return found;
}
