import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";
import type { Checkpoint } from "./checkpoint.js";
import { isFloat } from "./dtypes.js";
import { firstOf } from "./firstOf.js";

export type Shapes = Readonly<Record<string, readonly number[]>>;

export interface LoadParamsOptions {
  /** The model's name for a tensor of the checkpoint; undefined where the model has no use for it. Defaults to the same. */
  readonly rename?: (name: string) => string | undefined;
}

/**
 * Reads the parameters of a model from a checkpoint as float32 tensors, one by one, so that besides the parameters at
 * most one tensor is held. Nothing is read unless names and shapes are as expected. The caller disposes the tensors.
 *
 * @param expected  shape of each parameter, by the model's name for it
 * @throws Error with every missing, unexpected, mis-shaped and non-float tensor (the first ten of each, and how many)
 * @example
 * const params = await loadParams(checkpoint, { "lm_head.weight": [32, 8] });
 */
export async function loadParams(
  checkpoint: Checkpoint,
  expected: Shapes,
  { rename = (name) => name }: LoadParamsOptions = {},
): Promise<Params> {
  const names = [...checkpoint.tensors.keys()].map((name) => [rename(name), name] as const);
  const used = names.filter((pair): pair is readonly [string, string] => pair[0] !== undefined);
  const wrong = differences(checkpoint, new Map(used), expected);
  const twice = used.filter(([name], i) => used.findIndex(([other]) => other === name) < i);
  if (twice.length > 0) wrong.push(`for one parameter: ${firstOf(twice.map(([, stored]) => stored))}`);
  if (wrong.length > 0) {
    throw new Error(`${checkpoint.path} does not hold the parameters of this model:\n  ${wrong.join("\n  ")}`);
  }
  const params: Record<string, tf.Tensor> = {};
  try {
    for (const [name, stored] of used) {
      const values = await checkpoint.read(stored);
      const float = values instanceof Float32Array ? values : Float32Array.from(values, Number);
      params[name] = tf.tensor(float, [...expected[name]], "float32");
      moveToBackend(params[name]);
    }
    return params;
  } catch (error) {
    tf.dispose(params);
    throw error;
  }
}

/**
 * TensorFlow copies an array when its tensor is first used. Used now, the array is free before the next one is made;
 * left for later, all of them would be there twice.
 */
function moveToBackend(x: tf.Tensor): void {
  if (x.size > 0) tf.tidy(() => void tf.slice(tf.reshape(x, [-1]), 0, 1));
}

/** One line for each way in which a checkpoint's tensors, by the model's names, differ from the expected ones. */
function differences(checkpoint: Checkpoint, storedAs: ReadonlyMap<string, string>, expected: Shapes): string[] {
  const wanted = Object.keys(expected);
  const common = wanted.flatMap((name) => {
    const found = checkpoint.tensors.get(storedAs.get(name) ?? "");
    return found === undefined ? [] : [{ name, found }];
  });
  const shown = (shape: readonly number[]) => `[${shape.join(", ")}]`;
  return Object.entries({
    missing: wanted.filter((name) => !storedAs.has(name)),
    unexpected: [...storedAs.keys()].filter((name) => !Object.hasOwn(expected, name)),
    "of another shape": common
      .filter(({ name, found }) => shown(found.shape) !== shown(expected[name]))
      .map(({ name, found }) => `${name} ${shown(found.shape)} instead of ${shown(expected[name])}`),
    "of another type": common
      .filter(({ found }) => !isFloat(found.dtype))
      .map(({ name, found }) => `${name} ${found.dtype} instead of a float type`),
  }).flatMap(([what, names]) => (names.length > 0 ? [`${what}: ${firstOf(names)}`] : []));
}
