import { stat } from "node:fs/promises";
import path from "node:path";
import { openSafetensors, type SafetensorsFile } from "../core/safetensorsFile.js";
import { type Dtype, sizeOf, type TensorInfo } from "../core/safetensorsHeader.js";
import { readValues, type TensorValues } from "./dtypes.js";
import { openShards, SHARD_INDEX } from "./shards.js";

export const SINGLE_FILE = "model.safetensors";

/** A checkpoint whose headers have been read; a tensor's numbers are read when they are asked for. */
export interface Checkpoint {
  /** what was opened: a file or a folder */
  readonly path: string;
  /** by name; `bytes` on the disk */
  readonly tensors: ReadonlyMap<
    string,
    { readonly dtype: Dtype; readonly shape: readonly number[]; readonly bytes: number }
  >;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The numbers of one tensor, row by row: half precision as float32, I64 as BigInt64Array, booleans as 0 and 1.
   *
   * @throws Error naming the tensor when the checkpoint has none of that name
   */
  readonly read: (name: string) => Promise<TensorValues>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a checkpoint in the SafeTensors format: a file, an index file, or a folder that holds `model.safetensors` or
 * `model.safetensors.index.json` with its shards. Only the headers are read. The caller closes it.
 *
 * @throws Error naming the file and what is wrong: no checkpoint there, a missing or cut-off shard, a header that does
 *   not fit its file, an index that does not fit its shards
 * @example
 * const checkpoint = await openCheckpoint("Qwen2-VL-2B-Instruct");
 * for (const [name, { dtype, shape }] of checkpoint.tensors) console.log(name, dtype, shape);
 * await checkpoint.close();
 */
export async function openCheckpoint(place: string): Promise<Checkpoint> {
  const file = await checkpointFile(place);
  const shards = file.endsWith(".json") ? await openShards(file) : [await openSafetensors(file)];
  const where = new Map<string, { shard: SafetensorsFile; info: TensorInfo }>();
  for (const shard of shards) for (const [name, info] of shard.tensors) where.set(name, { shard, info });
  return {
    path: place,
    tensors: new Map(
      Array.from(where, ([name, { info }]) => [
        name,
        { dtype: info.dtype, shape: info.shape, bytes: info.end - info.start },
      ]),
    ),
    metadata: Object.assign({}, ...shards.map(({ metadata }) => metadata)) as Record<string, string>,
    async read(name) {
      const found = where.get(name);
      if (found === undefined) throw new Error(`${place} has no tensor "${name}"`);
      const { shard, info } = found;
      return readValues(info.dtype, sizeOf(info.shape), (target, at) => shard.readInto(target, info.start + at));
    },
    async close() {
      for (const shard of shards) await shard.close();
    },
  };
}

/** The file to open: a folder's single file, else its index. */
async function checkpointFile(place: string): Promise<string> {
  const isFile = async (file: string) => (await stat(file).catch(() => undefined))?.isFile() ?? false;
  if (await isFile(place)) return place;
  for (const name of [SINGLE_FILE, SHARD_INDEX]) {
    if (await isFile(path.join(place, name))) return path.join(place, name);
  }
  throw new Error(`${place} holds neither ${SINGLE_FILE} nor ${SHARD_INDEX}; weights in other formats are not read`);
}
