/**
 * The parameters of a pretrained architecture: named as in its checkpoints, weights of linear maps [out, in].
 */
import * as tf from "@tensorflow/tfjs-core";
import { type Random, random } from "../../core/random.js";
import { part } from "../../core/secondOrder.js";
import type { Params } from "../../core/tree.js";

/** name ↦ shape of every tensor that an architecture needs */
export type ParameterShapes = Readonly<Record<string, readonly number[]>>;

/** φ, whose gradient may be asked for, and the parameters that stay as they are. */
export interface Weights {
  readonly phi: Params;
  readonly frozen: Params;
}

/** @throws Error naming the tensor when neither φ nor the frozen parameters hold it */
export function weight<T extends tf.Tensor = tf.Tensor1D>(weights: Weights, name: string): T {
  const tensor = optionalWeight<T>(weights, name);
  if (tensor === undefined) throw new Error(`the model's parameters lack "${name}"`);
  return tensor;
}

export function optionalWeight<T extends tf.Tensor>({ phi, frozen }: Weights, name: string): T | undefined {
  return (phi[name] ?? frozen[name]) as T | undefined;
}

/** The tensors below a prefix, under the rest of their names. */
export function within({ phi, frozen }: Weights, prefix: string): Weights {
  return { phi: part(prefix, phi), frozen: part(prefix, frozen) };
}

export function withPrefix(prefix: string, shapes: ParameterShapes): ParameterShapes {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));
}

/** Shapes of `count` blocks `PREFIX0.`, `PREFIX1.`, … */
export function blockShapes(prefix: string, count: number, block: ParameterShapes): ParameterShapes {
  const blocks = Array.from({ length: count }, (_, i) => Object.entries(withPrefix(`${prefix}${i}.`, block)));
  return Object.fromEntries(blocks.flat());
}

/** Shapes of a linear map `NAME.weight` [out, in] and, if it has one, `NAME.bias` [out]. */
export function linearShapes(name: string, inputs: number, outputs: number, bias = true): ParameterShapes {
  return { [`${name}.weight`]: [outputs, inputs], ...(bias && { [`${name}.bias`]: [outputs] }) };
}

/** Shapes of a layer normalisation: scale and offset. */
export function normShapes(name: string, size: number): ParameterShapes {
  return { [`${name}.weight`]: [size], [`${name}.bias`]: [size] };
}

/** The number of entries, for memory estimates. */
export function parameterCount(shapes: ParameterShapes): number {
  return Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** as in Hugging Face's `initializer_range` */
const DEVIATION = 0.02;

/**
 * Random parameters, normal with deviation 0.02; scales of norms 1, biases 0. Every tensor has a stream of its own, so
 * that a model with one more layer shares the rest. The caller disposes them.
 */
export function initialParameters(shapes: ParameterShapes, seed: number): Params {
  const stream = random(seed);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, initial(name, [...shape], stream.fork(name))]),
  );
}

function initial(name: string, shape: number[], stream: Random): tf.Tensor {
  if (name.endsWith(".bias")) return tf.zeros(shape);
  if (shape.length === 1 && name.endsWith(".weight")) return tf.ones(shape);
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = DEVIATION * stream.normal();
  return tf.tensor(values, shape);
}

/**
 * Compares what a checkpoint holds with what its architecture needs, before anything is computed.
 *
 * @param found  tensors, or only their shapes, by name
 * @param what   the checkpoint, for the message
 * @param extra  names that may be there besides, as those of adapters
 * @throws Error listing every missing, unexpected and ill-shaped tensor
 */
export function checkParameters(
  found: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  shapes: ParameterShapes,
  what: string,
  extra: (name: string) => boolean = () => false,
): void {
  const show = (shape: readonly number[]) => `[${shape.join(", ")}]`;
  const problems = [
    ...Object.entries(shapes).flatMap(([name, shape]) => {
      if (!Object.hasOwn(found, name)) return [`missing: ${name} ${show(shape)}`];
      const actual = show(found[name].shape);
      return actual === show(shape) ? [] : [`wrong shape: ${name} is ${actual}, the config asks for ${show(shape)}`];
    }),
    ...Object.keys(found)
      .filter((name) => !Object.hasOwn(shapes, name) && !extra(name))
      .map((name) => `unexpected: ${name} ${show(found[name].shape)}`),
  ];
  if (problems.length === 0) return;
  throw new Error(
    [`${what} does not fit its config; use the config.json that belongs to it:`, ...problems].join("\n  "),
  );
}
