import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { openSafetensors, type SafetensorsFile } from "../core/safetensorsFile.js";
import { firstOf } from "./firstOf.js";

export const SHARD_INDEX = "model.safetensors.index.json";

const index = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * The shard files that an index names, beside it, each once.
 *
 * @throws Error naming the index and the value when it is not such an index or names a file elsewhere
 */
export async function shardNames(file: string): Promise<{ shards: string[]; shardOf: ReadonlyMap<string, string> }> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} cannot be read as JSON: ${(error as Error).message}`, { cause: error });
  }
  const shardOf = new Map(Object.entries(parseOptions(index, json, file).weight_map));
  const shards = [...new Set(shardOf.values())].sort();
  for (const shard of shards) {
    if (path.basename(shard) !== shard || !shard.endsWith(".safetensors") || shard.includes("\\")) {
      throw new Error(`${file} names ${JSON.stringify(shard)}, which is no .safetensors file beside it`);
    }
  }
  return { shards, shardOf };
}

/**
 * Opens every shard of an index and holds their names to it.
 *
 * @throws Error naming all missing shards, or all tensors that are not where the index says
 */
export async function openShards(file: string): Promise<SafetensorsFile[]> {
  const { shards, shardOf } = await shardNames(file);
  const folder = path.dirname(file);
  const there = await Promise.all(shards.map((shard) => stat(path.join(folder, shard)).then(Boolean, () => false)));
  const missing = shards.filter((_, i) => !there[i]);
  if (missing.length > 0) throw new Error(`${file}: shards are missing: ${firstOf(missing)}; download them again`);
  const opened: SafetensorsFile[] = [];
  try {
    for (const shard of shards) opened.push(await openSafetensors(path.join(folder, shard)));
    const misplaced = [
      ...[...shardOf].flatMap(([name, shard]) => {
        return opened[shards.indexOf(shard)]?.tensors.has(name) ? [] : [`"${name}" is not in ${shard}`];
      }),
      ...opened.flatMap(({ tensors }, i) =>
        [...tensors.keys()].flatMap((name) => {
          return shardOf.get(name) === shards[i] ? [] : [`"${name}" in ${shards[i]} is not in the index`];
        }),
      ),
    ];
    if (misplaced.length > 0) throw new Error(`${file} does not fit its shards: ${firstOf(misplaced)}`);
    return opened;
  } catch (error) {
    await Promise.all(opened.map((shard) => shard.close()));
    throw error;
  }
}
