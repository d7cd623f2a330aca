import * as tf from "@tensorflow/tfjs-core";

/** A tree of named tensors: model parameters φ, data weights α, gradients, optimiser moments. Never `tf.Variable`. */
export type Params = Readonly<Record<string, tf.Tensor>>;

/** Applies `f` to every tensor, or to every group of equally named tensors of several trees. */
export function mapTree(f: (first: tf.Tensor, ...rest: tf.Tensor[]) => tf.Tensor, first: Params, ...rest: Params[]) {
  return Object.fromEntries(
    Object.entries(first).map(([name, tensor]) => [name, f(tensor, ...rest.map((tree) => at(tree, name)))]),
  ) as Params;
}

/** y + a·x for every tensor; φ ± εv is `axpy(±ε, v, φ)`. */
export function axpy(a: number, x: Params, y: Params): Params {
  return tf.tidy(() => mapTree((x, y) => tf.add(y, tf.mul(x, a)), x, y)) as Params;
}

/** a·x */
export function scaleTree(a: number, x: Params): Params {
  return mapTree((x) => tf.mul(x, a), x);
}

/** Σ ⟨x, y⟩ over all tensors, a scalar. */
export function dotTree(x: Params, y: Params): tf.Scalar {
  return tf.tidy(() =>
    Object.keys(x)
      .map((name) => tf.sum(tf.mul(at(x, name), at(y, name))))
      .reduce((a, b) => tf.add(a, b)),
  ) as tf.Scalar;
}

/** Global norm ‖x‖₂ over all tensors, a scalar. */
export function normTree(x: Params): tf.Scalar {
  return tf.tidy(() => tf.sqrt(dotTree(x, x)));
}

/** New handles on the same data; the caller disposes them. */
export function cloneTree(x: Params): Params {
  return mapTree((x) => tf.clone(x), x);
}

export function zerosLikeTree(x: Params): Params {
  return mapTree((x) => tf.zerosLike(x), x);
}

/** ∂f/∂params as a tree of the same names, with the value. The caller disposes both. */
export function valueAndGrads(f: (params: Params) => tf.Scalar, params: Params): { value: tf.Scalar; grads: Params } {
  const names = Object.keys(params);
  const tensors = names.map((name) => params[name]);
  const named = (list: tf.Tensor[]) => Object.fromEntries(names.map((name, i) => [name, list[i]])) as Params;
  const { value, grads } = tf.valueAndGrads((...args: tf.Tensor[]) => f(named(args)))(tensors);
  return { value: value as tf.Scalar, grads: named(grads) };
}

function at(tree: Params, name: string): tf.Tensor {
  const tensor = tree[name];
  if (tensor === undefined) {
    throw new Error(`tree has no tensor "${name}"; it has: ${Object.keys(tree).join(", ") || "none"}`);
  }
  return tensor;
}
