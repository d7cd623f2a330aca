import { readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import type { PlainParams } from "./tree.js";

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

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
  let offset = 0;
  const entries = Object.entries(tensors).map(([name, { shape, values }]): [string, Entry] => {
    const end = offset + values.byteLength;
    const entry: Entry = { dtype: "F32", shape: [...shape], data_offsets: [offset, end] };
    offset = end;
    return [name, entry];
  });
  const json = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }), "utf8");
  const header = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, " ")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const data = Object.values(tensors).map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  await writeFileAtomic(path, Buffer.concat([length, header, ...data]));
}

/**
 * Reads a SafeTensors file of float32 tensors, and the strings in its `__metadata__`.
 *
 * @throws Error naming the file and what is wrong: a header beyond the file, another dtype, offsets that do not fit
 */
export async function loadTensors(
  path: string,
): Promise<{ tensors: PlainParams; metadata: Readonly<Record<string, string>> }> {
  const file = await readFile(path);
  const size = file.length >= 8 ? Number(file.readBigUInt64LE()) : Infinity;
  if (size > file.length - 8) throw new Error(`${path} is no SafeTensors file: its header would be ${size} bytes long`);
  const header = JSON.parse(file.subarray(8, 8 + size).toString("utf8")) as Record<string, Entry> & {
    __metadata__?: Record<string, string>;
  };
  const data = file.subarray(8 + size);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = Object.fromEntries(
    Object.entries(entries as Record<string, Entry>).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => {
        const bytes = 4 * shape.reduce((a, b) => a * b, 1);
        if (dtype !== "F32") throw new Error(`${path}: tensor "${name}" is ${dtype}; only F32 can be read`);
        if (end - start !== bytes || start < 0 || end > data.length) {
          throw new Error(
            `${path}: tensor "${name}" of shape [${shape.join(", ")}] does not fit its bytes ${start} to ${end}`,
          );
        }
        const values = new Float32Array(bytes / 4);
        new Uint8Array(values.buffer).set(data.subarray(start, end));
        return [name, { shape, values }];
      },
    ),
  );
  return { tensors, metadata };
}
