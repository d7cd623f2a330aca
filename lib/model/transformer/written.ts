import * as tf from "@tensorflow/tfjs-core";
import { type NativeKernels, nativeKernels } from "../../core/nativeKernels.js";
import { add } from "./direct.js";

/** Gradients by the names of the inputs, computed when they are asked for. */
export type Gradients = Readonly<Record<string, () => tf.Tensor>>;
type Save = (tensors: readonly tf.Tensor[]) => void;

interface Engine {
  readonly state: { readonly gradientDepth: number };
  runKernelFunc(call: {
    inputs: Readonly<Record<string, tf.Tensor>>;
    forwardFunc: (backend: unknown, save: Save) => tf.Tensor;
    backwardsFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => Gradients;
  }): tf.Tensor;
}

/**
 * value() with its first-order gradient written out: a third of the operations and of the memory of the tape's, and none for
 * inputs that need no gradient. Where a gradient of the gradient is wanted the tape records `value` instead, so that has to
 * consist of operations whose second order is right.
 *
 * @param inputs  what there is a gradient in
 * @param form    in TensorFlow.js' operations
 * @param native  in operations of our own, for where there are such
 */
export function written<T extends tf.Tensor>(
  inputs: Readonly<Record<string, tf.Tensor>>,
  form: Written,
  native?: (run: NativeKernels) => Written,
): T {
  if (isNested()) return tf.tidy(() => form.value(() => undefined)) as T;
  const engine = tf.engine() as unknown as Engine;
  let own = form;
  const forwardFunc = (_: unknown, save: Save) => {
    const kernels = native && nativeKernels();
    if (kernels) own = native(kernels);
    return own.value(save);
  };
  const backwardsFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => own.gradient(dy, saved);
  return engine.runKernelFunc({ inputs, forwardFunc, backwardsFunc }) as T;
}

export interface Written {
  /** hands `save` what the gradient needs */
  readonly value: (save: Save) => tf.Tensor;
  /** from the value's gradient and what was saved */
  readonly gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => Gradients;
}

/** Gradients that share what they need are computed together. */
export function together(names: readonly string[], compute: () => tf.Tensor[]): Gradients {
  const all = tf.tidy(compute);
  return Object.fromEntries(names.map((name, i) => [name, () => all[i]]));
}

/** x + y of the same shape, whose gradients are the sum's own. */
export function plus<T extends tf.Tensor>(x: T, y: T): T {
  // clones, since TensorFlow.js disposes of gradients one by one
  return written(
    { x, y },
    { value: () => add(x, y), gradient: (dy) => ({ x: () => tf.clone(dy), y: () => tf.clone(dy) }) },
  );
}

/** A gradient is recorded within another, so what is computed now is differentiated twice. */
function isNested(): boolean {
  return (tf.engine() as unknown as Engine).state.gradientDepth > 1;
}
