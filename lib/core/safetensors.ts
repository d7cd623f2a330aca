import { bytesOf, openSafetensors, writeParts } from "./safetensorsFile.js";
import { headerBytes } from "./safetensorsHeader.js";
import type { PlainParams } from "./tree.js";

/**
 * Writes float32 tensors in the SafeTensors format: header length (8 bytes, little endian), JSON header, data.
 * The file appears whole or not at all.
 *
 * @param metadata  strings kept in the header's `__metadata__`
 */
export async function saveTensors(
  path: string,
  tensors: PlainParams,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const shapes = Object.entries(tensors).map(([name, { shape }]) => [name, shape] as const);
  const values = Object.values(tensors).map(({ values }) => bytesOf(values));
  await writeParts(path, [headerBytes(shapes, "F32", metadata), ...values]);
}

/**
 * Reads a SafeTensors file of float32 tensors, and the strings in its `__metadata__`. Files with other types are read
 * by `openCheckpoint`.
 *
 * @throws Error naming the file and what is wrong: a header beyond the file, another dtype, offsets that do not fit
 */
export async function loadTensors(
  path: string,
): Promise<{ tensors: PlainParams; metadata: Readonly<Record<string, string>> }> {
  const file = await openSafetensors(path);
  try {
    const tensors: [string, PlainParams[string]][] = [];
    for (const [name, { dtype, shape, start, end }] of file.tensors) {
      if (dtype !== "F32") throw new Error(`${path}: tensor "${name}" is ${dtype}; only F32 can be read`);
      const values = new Float32Array((end - start) / 4);
      await file.readInto(bytesOf(values), start);
      tensors.push([name, { shape, values }]);
    }
    return { tensors: Object.fromEntries(tensors), metadata: file.metadata };
  } finally {
    await file.close();
  }
}
