import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import type * as tf from "@tensorflow/tfjs-core";
import { writeParts } from "../core/safetensorsFile.js";
import { dtypeBytes, headerBytes, sizeOf } from "../core/safetensorsHeader.js";
import type { Params } from "../core/tree.js";
import { SINGLE_FILE } from "./checkpoint.js";
import { type FloatDtype, narrow } from "./dtypes.js";
import { SHARD_INDEX } from "./shards.js";

/** A tensor to be written; its numbers are asked for once, when their turn comes. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: () => Float32Array | Promise<Float32Array>;
}

export interface SaveCheckpointOptions {
  /** Defaults to F32; the others round to the nearest. */
  readonly dtype?: FloatDtype;
  /** Largest size of one file's tensors in bytes, as far as a single tensor allows. Defaults to 5 GB. */
  readonly maxShardBytes?: number;
  /** Strings kept in every file's header. Defaults to `{ format: "pt" }`, without which transformers reads no file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Parameters as sources; they must live until they are written. */
export function tensorSources(params: Params): TensorSource[] {
  return Object.entries(params).map(([name, tensor]: [string, tf.Tensor]) => ({
    name,
    shape: tensor.shape,
    values: () => tensor.data<"float32">(),
  }));
}

/**
 * Writes a checkpoint in Hugging Face's layout into a folder: `model.safetensors`, or, beyond `maxShardBytes`,
 * `model-00001-of-0000N.safetensors` … and their index. Each file appears whole or not at all and what names the others
 * comes last, so a folder with a checkpoint in it holds a whole one.
 *
 * @returns the files' names
 * @throws Error when the folder holds a checkpoint already, or values do not fit a shape
 * @example
 * await saveCheckpoint("merged", tensorSources(params), { dtype: "BF16" });
 */
export async function saveCheckpoint(
  folder: string,
  tensors: readonly TensorSource[],
  { dtype = "F32", maxShardBytes = 5e9, metadata = { format: "pt" } }: SaveCheckpointOptions = {},
): Promise<string[]> {
  for (const name of [SINGLE_FILE, SHARD_INDEX]) {
    if (await stat(path.join(folder, name)).catch(() => undefined)) {
      throw new Error(`${path.join(folder, name)} is there already; save to another folder`);
    }
  }
  await mkdir(folder, { recursive: true });
  const shards = split(tensors, maxShardBytes / dtypeBytes[dtype]);
  const number = (i: number) => String(i).padStart(5, "0");
  const names = shards.map((_, i) =>
    shards.length === 1 ? SINGLE_FILE : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`,
  );
  for (const [i, shard] of shards.entries()) {
    await writeParts(path.join(folder, names[i]), shardParts(shard, dtype, metadata));
  }
  if (shards.length === 1) return names;
  const index = {
    metadata: { total_size: dtypeBytes[dtype] * total(tensors) },
    weight_map: Object.fromEntries(shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]]))),
  };
  await writeParts(path.join(folder, SHARD_INDEX), [Buffer.from(JSON.stringify(index, null, 2) + "\n")]);
  return [...names, SHARD_INDEX];
}

async function* shardParts(
  tensors: readonly TensorSource[],
  dtype: FloatDtype,
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  yield headerBytes(
    tensors.map(({ name, shape }) => [name, shape]),
    dtype,
    metadata,
  );
  for (const { name, shape, values } of tensors) {
    const numbers = await values();
    if (numbers.length !== sizeOf(shape)) {
      throw new Error(`tensor "${name}" of shape [${shape.join(", ")}] has ${numbers.length} values`);
    }
    yield* narrow(numbers, dtype);
  }
}

/** In order, as many tensors to a shard as fit; one that is larger than a shard has one to itself. */
function split(tensors: readonly TensorSource[], largest: number): TensorSource[][] {
  const shards: TensorSource[][] = [[]];
  let size = 0;
  for (const tensor of tensors) {
    const more = sizeOf(tensor.shape);
    if (size > 0 && size + more > largest) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)?.push(tensor);
    size += more;
  }
  return shards;
}

const total = (tensors: readonly TensorSource[]) => tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
