import { stat } from "node:fs/promises";
import path from "node:path";
import { SINGLE_FILE } from "./checkpoint.js";
import { SHARD_INDEX, shardNames } from "./shards.js";

/** Small files that say how to use the weights: configuration, tokenizer, chat template. */
const DESCRIBES = /^[\w.-]+\.(?:json|jinja)$|^(?:merges|vocab)\.txt$/;
const PICKLED = /\.(?:bin|pt|pth|ckpt|pkl|msgpack|h5)$/;

/** Of a repository's file names those that describe the model. */
export function describingFiles(names: readonly string[]): string[] {
  return names.filter((name) => DESCRIBES.test(name) && (name !== SHARD_INDEX || !names.includes(SINGLE_FILE)));
}

/**
 * Holds that a repository has weights that can be read.
 *
 * @throws Error when it has none in the SafeTensors format
 */
export function refusePickles(repo: string, names: readonly string[]): void {
  if (names.includes(SINGLE_FILE) || names.includes(SHARD_INDEX)) return;
  const pickled = names.filter((name) => PICKLED.test(name));
  throw new Error(
    pickled.length > 0
      ? `${repo} keeps its weights in ${pickled[0]}, a format that may run any program when it is read; it is not ` +
          "loaded. Take a revision with model.safetensors, or convert it with transformers' save_pretrained"
      : `${repo} has neither ${SINGLE_FILE} nor ${SHARD_INDEX}`,
  );
}

/** What a model's folder lacks: its configuration, its weights, shards that its index names. */
export async function missingFiles(folder: string): Promise<string[]> {
  const lacks = async (name: string) => !(await stat(path.join(folder, name)).catch(() => undefined))?.isFile();
  const missing = (await lacks("config.json")) ? ["config.json"] : [];
  if (!(await lacks(SINGLE_FILE))) return missing;
  if (await lacks(SHARD_INDEX)) return [...missing, `${SINGLE_FILE} or ${SHARD_INDEX}`];
  for (const shard of (await shardNames(path.join(folder, SHARD_INDEX))).shards) {
    if (await lacks(shard)) missing.push(shard);
  }
  return missing;
}
