import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTensors, saveTensors } from "../../lib/core/safetensors.js";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
const tensors = {
  "l1/weight": { shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 4, 5, 6e-8) },
  bias: { shape: [1], values: Float32Array.of(0.25) },
};

test("what is saved is read back, and the layout is SafeTensors'", async () => {
  const path = join(folder, "a.safetensors");
  await saveTensors(path, tensors, { run: "Prüfung" });
  expect((await loadTensors(path)).tensors).toEqual(tensors);
  const bytes = readFileSync(path);
  const size = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + size).toString()) as Record<string, unknown>;
  expect(size % 8).toBe(0);
  expect(header["__metadata__"]).toEqual({ run: "Prüfung" });
  expect(header["bias"]).toEqual({ dtype: "F32", shape: [1], data_offsets: [24, 28] });
  expect(bytes.readFloatLE(8 + size + 24)).toBe(0.25);
});

test("a truncated file and a foreign one are refused by name", async () => {
  const path = join(folder, "b.safetensors");
  await saveTensors(path, tensors);
  writeFileSync(path, readFileSync(path).subarray(0, -4));
  await expect(loadTensors(path)).rejects.toThrow(/b\.safetensors: tensor "bias".*does not fit/);
  writeFileSync(path, "hello");
  await expect(loadTensors(path)).rejects.toThrow(/is no SafeTensors file/);
});
