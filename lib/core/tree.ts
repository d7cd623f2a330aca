import * as tf from "@tensorflow/tfjs-core";
import { nativeKernels } from "./nativeKernels.js";

/** A tree of named tensors: model parameters φ, data weights α, gradients, optimiser moments. Never `tf.Variable`. */
export type Params = Readonly<Record<string, tf.Tensor>>;

/** The same tree without tensors: what checkpoints, results and other processes see. */
export type PlainParams = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: Float32Array }>
>;

/** Applies `f` to every tensor, or to every group of equally named tensors of several trees. */
export function mapTree(f: (first: tf.Tensor, ...rest: tf.Tensor[]) => tf.Tensor, first: Params, ...rest: Params[]) {
  return Object.fromEntries(
    Object.entries(first).map(([name, tensor]) => [name, f(tensor, ...rest.map((tree) => at(tree, name)))]),
  ) as Params;
}

/** y + a·x for every tensor; φ ± εv is `axpy(±ε, v, φ)`. */
export function axpy(a: number, x: Params, y: Params): Params {
  const names = Object.keys(x);
  const kernels = nativeKernels();
  if (kernels && names.length > 0) {
    const tensors = [...Object.values(x), ...names.map((name) => at(y, name))];
    const sums = kernels("ScaledSums", [a, ...tensors], names.length, names.length);
    return Object.fromEntries(names.map((name, i) => [name, sums[i]]));
  }
  return tidyTree(() => mapTree((x, y) => tf.add(y, tf.mul(x, a)), x, y));
}

export function addTree(x: Params, y: Params): Params {
  return mapTree((x, y) => tf.add(x, y), x, y);
}

/** a·x */
export function scaleTree(a: number, x: Params): Params {
  return mapTree((x) => tf.mul(x, a), x);
}

/** Σ ⟨x, y⟩ over all tensors, a scalar. */
export function dotTree(x: Params, y: Params): tf.Scalar {
  return tf.tidy(() =>
    Object.keys(x)
      .map((name) => tf.sum(tf.mul(x[name], at(y, name))))
      .reduce((a, b) => tf.add(a, b), tf.scalar(0)),
  ) as tf.Scalar;
}

/** New handles on the same data; the caller disposes them. */
export function cloneTree(x: Params): Params {
  return mapTree((x) => tf.clone(x), x);
}

export function zerosLikeTree(x: Params): Params {
  return mapTree((x) => tf.zerosLike(x), x);
}

/** `tf.tidy` for a tree. */
export function tidyTree(f: () => Params): Params {
  return tf.tidy(f);
}

export function toPlain(x: Params): PlainParams {
  return Object.fromEntries(
    Object.entries(x).map(([name, t]) => [name, { shape: t.shape, values: Float32Array.from(t.dataSync()) }]),
  );
}

/** The caller disposes the tensors. */
export function fromPlain(x: PlainParams): Params {
  return Object.fromEntries(
    Object.entries(x).map(([name, { shape, values }]) => [name, tf.tensor(values.slice(), [...shape], "float32")]),
  );
}

/**
 * f(params) with ∂f/∂params as a tree of the same names; a tensor that f does not depend on has gradient zero.
 * The caller disposes both.
 */
export function valueAndGrads(f: (params: Params) => tf.Scalar, params: Params): { value: tf.Scalar; grads: Params } {
  const names = Object.keys(params);
  const tensors = names.map((name) => params[name]);
  return tf.tidy(() => {
    const { value, grads } = tf.engine().gradients(() => f(params), tensors, undefined, true);
    const tree = names.map((name, i) => [name, (grads[i] as tf.Tensor | null) ?? tf.zerosLike(tensors[i])]);
    return { value, grads: Object.fromEntries(tree) as Record<string, tf.Tensor> };
  });
}

function at(tree: Params, name: string): tf.Tensor {
  const tensor = tree[name] as tf.Tensor | undefined;
  if (tensor === undefined) {
    throw new Error(`tree has no tensor "${name}"; it has: ${Object.keys(tree).join(", ") || "none"}`);
  }
  return tensor;
}
