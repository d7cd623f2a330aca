import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.js";
import { loadParams } from "../../lib/checkpoint/loadParams.js";
import { saveCheckpoint, type TensorSource, tensorSources } from "../../lib/checkpoint/saveCheckpoint.js";
import { useBackend } from "../../lib/core/backend.js";
import { pythonWith } from "./python.js";

const temporary = () => mkdtempSync(join(tmpdir(), "checkpoint-"));
const python = pythonWith("safetensors", "numpy");

beforeAll(() => useBackend("cpu"));

const source = (name: string, shape: number[], values: number[]): TensorSource => ({
  name,
  shape,
  values: () => Float32Array.from(values),
});
const tensors = [
  source("embed.weight", [2, 3], [1, -2, 3.5, 4, 5, 6e-8]),
  source("scale", [], [0.1]),
  source("none", [0, 4], []),
  source("layer.é", [3], [1 + 2 ** -8, -(1 + 3 * 2 ** -8), 65504]),
];

/** A SafeTensors file with any header and data. */
function rawFile(header: unknown, data: Uint8Array): string {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(temporary(), "raw.safetensors");
  writeFileSync(path, Buffer.concat([length, json, data]));
  return path;
}

async function readAll(
  place: string,
): Promise<Record<string, { dtype: string; shape: readonly number[]; values: unknown[] }>> {
  const checkpoint = await openCheckpoint(place);
  const read: Awaited<ReturnType<typeof readAll>> = {};
  for (const [name, { dtype, shape }] of checkpoint.tensors) {
    read[name] = { dtype, shape, values: [...(await checkpoint.read(name))] };
  }
  await checkpoint.close();
  return read;
}

test("every type is read as what its bytes say", async () => {
  const values: [string, ArrayBufferView, unknown[]][] = [
    ["F64", Float64Array.of(0.1, -1e300), [0.1, -1e300]],
    ["F32", Float32Array.of(0.5, NaN), [0.5, NaN]],
    [
      "F16",
      Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0x7c00),
      [1, -2, 2 ** -24, -1023 * 2 ** -24, 65504, Infinity],
    ],
    ["BF16", Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x0001), [1, -3, Infinity, 2 ** -133]],
    ["I64", BigInt64Array.of(-(2n ** 62n), 5n), [-(2n ** 62n), 5n]],
    ["I32", Int32Array.of(-7, 2 ** 31 - 1), [-7, 2 ** 31 - 1]],
    ["I16", Int16Array.of(-300), [-300]],
    ["I8", Int8Array.of(-1), [-1]],
    ["U8", Uint8Array.of(255), [255]],
    ["BOOL", Uint8Array.of(1, 0, 1), [1, 0, 1]],
  ];
  let end = 0;
  const entries = values.map(([dtype, view, { length }]) => {
    const start = end;
    end += view.byteLength;
    return [dtype, { dtype, shape: [length], data_offsets: [start, end] }];
  });
  const data = Buffer.concat(values.map(([, v]) => Buffer.from(v.buffer as ArrayBuffer)));
  const read = await readAll(rawFile(Object.fromEntries(entries), data));
  expect(Object.fromEntries(Object.entries(read).map(([name, { values }]) => [name, values]))).toEqual(
    Object.fromEntries(values.map(([dtype, , numbers]) => [dtype, numbers])),
  );
});

test("half precision rounds to the nearest, ties to even, and every half number survives", async () => {
  const folder = temporary();
  const halves = { F16: 0x7c00, BF16: 0x7f80 } as const; // bits of infinity
  for (const [dtype, infinity] of Object.entries(halves) as [keyof typeof halves, number][]) {
    const bits = Uint16Array.from({ length: infinity + 1 }, (_, i) => i);
    const path = rawFile(
      { x: { dtype, shape: [bits.length], data_offsets: [0, 2 * bits.length] } },
      new Uint8Array(bits.buffer),
    );
    const exact = (await readAll(path))["x"].values as number[];
    const numbers = exact.flatMap((x, i) => {
      const next = i + 1 < infinity ? exact[i + 1] : undefined; // the middle is exact in float32
      return next === undefined ? [x, -x, x, x] : [x, -x, (x + next) / 2, x + (next - x) * 0.75];
    });
    await saveCheckpoint(join(folder, dtype), [source("x", [numbers.length], numbers)], { dtype });
    const rounded = (await readAll(join(folder, dtype)))["x"].values as number[];
    const expected = exact.flatMap((x, i) => {
      const next = i + 1 < infinity ? exact[i + 1] : undefined;
      return next === undefined ? [x, -x, x, x] : [x, -x, i % 2 === 0 ? x : next, next];
    });
    const wrong = expected.findIndex((x, i) => !Object.is(x, rounded[i]));
    expect([wrong, numbers[wrong], rounded[wrong]]).toEqual([-1, undefined, undefined]);
  }
  await saveCheckpoint(join(folder, "edges"), [source("x", [5], [65519.9, 65520, NaN, 3e38, -1e-30])], {
    dtype: "F16",
  });
  expect((await readAll(join(folder, "edges")))["x"].values).toEqual([65504, Infinity, NaN, Infinity, -0]);
});

test("one file or shards: what is written is read back, and what names the shards comes last", async () => {
  const folder = temporary();
  const single = join(folder, "single");
  expect(await saveCheckpoint(single, tensors)).toEqual(["model.safetensors"]);
  const sharded = join(folder, "sharded");
  const files = await saveCheckpoint(sharded, tensors, {
    maxShardBytes: 24,
    metadata: { format: "pt", run: "Prüfung" },
  });
  expect(files).toEqual([
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
  ]);
  expect(readdirSync(sharded).sort()).toEqual(files);
  const expected = Object.fromEntries(
    await Promise.all(
      tensors.map(async ({ name, shape, values }) => [name, { dtype: "F32", shape, values: [...(await values())] }]),
    ),
  ) as object;
  expect(await readAll(single)).toEqual(expected);
  expect(await readAll(sharded)).toEqual(expected);
  expect(await readAll(join(sharded, "model.safetensors.index.json"))).toEqual(expected);
  const index = JSON.parse(readFileSync(join(sharded, files[2]), "utf8")) as { metadata: unknown };
  expect(index.metadata).toEqual({ total_size: 40 });
  const checkpoint = await openCheckpoint(sharded);
  expect(checkpoint.metadata).toEqual({ format: "pt", run: "Prüfung" });
  await expect(checkpoint.read("nothing")).rejects.toThrow(/sharded has no tensor "nothing"/);
  await checkpoint.close();
  await expect(saveCheckpoint(sharded, tensors)).rejects.toThrow(
    /index\.json is there already; save to another folder/,
  );
});

test("a failed write leaves nothing behind", async () => {
  const folder = temporary();
  const broken = { name: "b", shape: [2], values: () => Promise.reject(new Error("no such weights")) };
  await expect(saveCheckpoint(folder, [tensors[0], broken])).rejects.toThrow("no such weights");
  await expect(saveCheckpoint(folder, [source("c", [3], [1, 2])])).rejects.toThrow('"c" of shape [3] has 2 values');
  expect(readdirSync(folder)).toEqual([]);
});

test("missing, foreign and cut-off shards are named", async () => {
  const folder = temporary();
  await saveCheckpoint(folder, tensors, { maxShardBytes: 24 });
  const index = join(folder, "model.safetensors.index.json");
  const shard = join(folder, "model-00002-of-00002.safetensors");
  const kept = readFileSync(shard);
  truncateSync(shard, kept.length - 1);
  await expect(openCheckpoint(folder)).rejects.toThrow(/00002-of-00002\.safetensors: tensor "layer\.é".*cut off\?/);
  rmSync(shard);
  await expect(openCheckpoint(folder)).rejects.toThrow(/index\.json: shards are missing: model-00002-of-00002/);
  writeFileSync(shard, kept);
  const change = (from: string, to: string) => writeFileSync(index, readFileSync(index, "utf8").replace(from, to));
  change('"scale": "model-00002', '"scale": "model-00001');
  await expect(openCheckpoint(folder)).rejects.toThrow(
    '"scale" is not in model-00001-of-00002.safetensors, "scale" in model-00002-of-00002.safetensors is not in the index',
  );
  change("model-00001", "../model-00001");
  await expect(openCheckpoint(folder)).rejects.toThrow(/names "\.\.\/model-00001.*no \.safetensors file beside it/);
  writeFileSync(index, '{"weight_map": {"a": 1}}');
  await expect(openCheckpoint(folder)).rejects.toThrow(/index\.json:\n {2}weight_map\.a: .*got 1/);
  writeFileSync(index, "{");
  await expect(openCheckpoint(folder)).rejects.toThrow(/index\.json cannot be read as JSON/);
  await expect(openCheckpoint(temporary())).rejects.toThrow(/holds neither model\.safetensors nor/);
});

const one = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
test.each([
  [
    "a name twice",
    '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    /"a" is there twice/,
  ],
  ["an overlap", { a: one, b: one }, /tensor "b" overlap the tensor before/],
  ["a gap", { a: one, b: { ...one, data_offsets: [8, 12] } }, /leave a gap after byte 4/],
  ["a rest", { a: one }, /8 bytes after the last tensor belong to none/],
  [
    "bytes beyond the file",
    { a: { dtype: "F32", shape: [4], data_offsets: [0, 16] } },
    /12 bytes of data: is it cut off/,
  ],
  ["too few bytes for the shape", { a: { ...one, shape: [2] } }, /"a" \(F32 \[2\]\) does not fit its bytes 0 to 4/],
  ["a negative size", { a: { ...one, shape: [-1] } }, /has shape \[-1\]/],
  ["a fraction", { a: { ...one, shape: [0.5] } }, /has shape \[0\.5\]/],
  ["a product that overflows", { a: { ...one, shape: [2 ** 40, 2 ** 40] } }, /does not fit its bytes/],
  [
    "a product that wraps to zero",
    { a: { ...one, shape: [2 ** 32, 2 ** 32], data_offsets: [0, 0] } },
    /does not fit its bytes/,
  ],
  ["backward offsets", { a: { ...one, data_offsets: [4, 0] } }, /does not fit its bytes 4 to 0/],
  ["huge offsets", { a: { ...one, data_offsets: [0, 2 ** 60] } }, /has data_offsets/],
  ["an unknown type", { a: { ...one, dtype: "F8_E4M3" } }, /is "F8_E4M3"; what can be read is F64/],
  ["a type from the prototype", { a: { ...one, dtype: "toString" } }, /is "toString"; what can be read/],
  ["no object", { a: null }, /described by null/],
  ["metadata that is not text", { __metadata__: { a: 1 } }, /__metadata__ is no record of strings/],
  ["a list", "[]", /is no SafeTensors file: its header cannot be read: it begins with "\[\]"/],
  ["text after the object", "{} x", /is no SafeTensors file: its header cannot be read/],
  ["a byte order mark", "\ufeff{}", /begins with/],
])("a header with %s is refused", async (_, header, message) => {
  await expect(openCheckpoint(rawFile(header, new Uint8Array(12)))).rejects.toThrow(message);
});

test("a header that is no text, longer than the file or longer than allowed is refused", async () => {
  const path = rawFile({}, new Uint8Array());
  writeFileSync(path, Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]));
  await expect(openCheckpoint(path)).rejects.toThrow(/header cannot be read/);
  writeFileSync(path, Buffer.alloc(16, 255));
  await expect(openCheckpoint(path)).rejects.toThrow(/header would be 18446744073709552000 bytes long/);
  writeFileSync(path, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
  await expect(openCheckpoint(path)).rejects.toThrow(/is a pointer of Git LFS, not the weights: run "git lfs pull"/);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(100_000_001n);
  writeFileSync(path, length);
  truncateSync(path, 2e8); // sparse
  await expect(openCheckpoint(path)).rejects.toThrow(/header would be 100000001 bytes long/);
});

test("a header changed anywhere is refused or describes tensors that cover the data once", async () => {
  const folder = temporary();
  await saveCheckpoint(folder, tensors);
  const path = join(folder, "model.safetensors");
  const whole = readFileSync(path);
  const end = 8 + Number(whole.readBigUInt64LE());
  let state = 7;
  const next = (n: number) => (state = (state * 48271) % 2147483647) % n;
  const outcomes = { refused: 0, read: 0 };
  for (let i = 0; i < 1500; i++) {
    const bytes = Buffer.from(whole);
    for (let n = 1 + next(3); n > 0; n--) {
      const at = next(end);
      if (next(2) === 0) bytes[at] = next(256);
      else bytes[at] = '0123456789{}[]",:- '.charCodeAt(next(19));
    }
    writeFileSync(path, next(4) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes);
    try {
      const checkpoint = await openCheckpoint(path);
      outcomes.read++;
      let size = 0;
      for (const [name, { shape, bytes, dtype }] of checkpoint.tensors) {
        const values = await checkpoint.read(name);
        expect(values.length).toBe(shape.reduce((a, b) => a * b, 1));
        expect(dtype).toBeTypeOf("string");
        size += bytes;
      }
      await checkpoint.close();
      expect(size).toBeLessThanOrEqual(whole.length - 8);
    } catch (error) {
      outcomes.refused++;
      expect((error as Error).message).toContain("model.safetensors");
    }
  }
  expect(outcomes.refused).toBeGreaterThan(500);
  expect(outcomes.read).toBeGreaterThan(20); // names and padding may change
});

test("parameters are loaded under the model's names, in float32", async () => {
  const folder = temporary();
  await saveCheckpoint(folder, tensors, { dtype: "BF16" });
  const checkpoint = await openCheckpoint(folder);
  const before = tf.memory().numTensors;
  const params = await loadParams(
    checkpoint,
    { "embed/weight": [2, 3], "layer/é": [3] },
    { rename: (name) => (["scale", "none"].includes(name) ? undefined : name.replace(".", "/")) },
  );
  expect(Object.keys(params)).toEqual(["embed/weight", "layer/é"]);
  expect(params["layer/é"].dtype).toBe("float32");
  expect([...params["layer/é"].dataSync()]).toEqual([1, -(1 + 2 ** -6), 65536]); // ties to even
  const again = join(folder, "again");
  await saveCheckpoint(again, tensorSources(params));
  expect((await readAll(again))["layer/é"].values).toEqual([1, -(1 + 2 ** -6), 65536]);
  tf.dispose(params);
  expect(tf.memory().numTensors).toBe(before);
  await checkpoint.close();
});

test("all that is missing, unexpected, of another shape or type is said at once", async () => {
  const path = rawFile(
    {
      ids: { dtype: "I64", shape: [1], data_offsets: [0, 8] },
      w: { ...one, data_offsets: [8, 12] },
      v: { ...one, data_offsets: [12, 16] },
    },
    new Uint8Array(16),
  );
  const checkpoint = await openCheckpoint(path);
  const expected = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`layers.${i}`, [2, 2]]));
  const error = await loadParams(checkpoint, { ...expected, w: [1, 1], ids: [1] }).catch(
    (error: Error) => error.message,
  );
  expect(error).toBe(
    `${path} does not hold the parameters of this model:\n` +
      `  missing: ${Array.from({ length: 10 }, (_, i) => `layers.${i}`).join(", ")} … (12 in all)\n` +
      "  unexpected: v\n" +
      "  of another shape: w [1] instead of [1, 1]\n" +
      "  of another type: ids I64 instead of a float type",
  );
  await expect(loadParams(checkpoint, { x: [1] }, { rename: () => "x" })).rejects.toThrow(/for one parameter: w, v/);
  await checkpoint.close();
});

test("reading a large bfloat16 tensor holds it once in float32, and not also as it was", async () => {
  const folder = temporary();
  const length = 40e6;
  await saveCheckpoint(folder, [{ name: "x", shape: [length], values: () => new Float32Array(length).fill(1.5) }], {
    dtype: "BF16",
  });
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const program = join(import.meta.dirname, "readTensor.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", tsx, program, folder, "x"]);
  const [last, grown] = JSON.parse(stdout) as [number, number];
  expect(last).toBe(1.5);
  expect(grown).toBeLessThan(4 * length + 40e6); // with the file's 80 MB beside it, it would be 240 MB
});

const PROGRAM = `
import json, sys
from safetensors.numpy import load_file
out = {}
for path in sys.argv[1:]:
    for name, x in load_file(path).items():
        out[name] = [str(x.dtype), list(x.shape), [float(v) for v in x.astype("float32").ravel()]]
print(json.dumps(out))
`;

test.skipIf(!python)("Python's safetensors reads what is written", async () => {
  const folder = temporary();
  for (const [dtype, name] of [
    ["F32", "float32"],
    ["F16", "float16"],
  ] as const) {
    const place = join(folder, dtype);
    const files = await saveCheckpoint(place, tensors, { dtype, maxShardBytes: 16 });
    const read = await python?.(
      PROGRAM,
      files.slice(0, -1).map((file) => join(place, file)),
    );
    const ours = Object.entries(await readAll(place)).map(([tensor, { shape, values }]) => [
      tensor,
      [name, shape, values],
    ]);
    expect(read).toEqual(Object.fromEntries(ours));
  }
});

const tiny = join(import.meta.dirname, "../../../shared/fixtures/qwen2-vl-tiny/model.safetensors");
if (!existsSync(tiny)) console.log(`the reading of a checkpoint that transformers wrote is skipped: no ${tiny}`);

test.skipIf(!existsSync(tiny))("a checkpoint that transformers wrote is read whole", async () => {
  const checkpoint = await openCheckpoint(tiny);
  let bytes = 0;
  for (const [name, tensor] of checkpoint.tensors) {
    const values = (await checkpoint.read(name)) as Float32Array;
    expect(values.every(Number.isFinite)).toBe(true);
    bytes += tensor.bytes;
  }
  expect(checkpoint.metadata).toEqual({ format: "pt" });
  expect(bytes).toBeGreaterThan(1e6);
  await checkpoint.close();
});
