import * as tf from "@tensorflow/tfjs-core";
import { dotTree, type Params, valueAndGrads } from "./tree.js";
import { isTwiceDifferentiable } from "./twice.js";

/**
 * Operations of TensorFlow.js whose gradient has a right gradient; `test/core/secondOrder.test.ts` compares each with
 * central differences.
 */
export const PROVEN: ReadonlySet<string> = new Set([
  ..."Abs Add AddN BatchMatMul Cast Concat Cos Cumsum Erf ExpandDims GatherV2 Identity Log Log1p Mean Multiply".split(
    " ",
  ),
  ..."Neg Pack PadV2 Pow RealDiv Relu Reshape Rsqrt Sin Slice Softplus Sqrt Square SquaredDifference Sub Sum".split(
    " ",
  ),
  ..."Tile Transpose".split(" "),
]);

interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
}

interface Engine {
  readonly state: { readonly activeTape?: readonly TapeNode[] };
}

/**
 * Derivatives of ⟨∇_φ f(φ, α), u⟩: in φ the Hessian-vector product (∂²f/∂φ²)·u, in α the mixed product (∂²f/∂α∂φ)·u.
 * Exact, by the gradient of a gradient.
 *
 * @throws Error naming the operation when f leads φ through one whose second order is not proven
 */
export function secondOrderProducts(
  f: (phi: Params, alpha: Params) => tf.Scalar,
  phi: Params,
  alpha: Params,
  u: Params,
): { phi: Params; alpha: Params } {
  return tf.tidy(() => {
    const both = { ...prefixed("phi:", phi), ...prefixed("alpha:", alpha) };
    const product = (p: Params) => {
      const inner = part("phi:", p);
      const guarded = (q: Params) => withGuard(q, () => f(q, part("alpha:", p)));
      return dotTree(valueAndGrads(guarded, inner).grads, u);
    };
    const { grads } = valueAndGrads(product, both);
    return { phi: part("phi:", grads), alpha: part("alpha:", grads) };
  });
}

/** Runs f and refuses what it did on the way from φ with a gradient whose own gradient is not proven. */
function withGuard(phi: Params, f: () => tf.Scalar): tf.Scalar {
  const { state } = tf.engine() as unknown as Engine;
  const start = state.activeTape?.length ?? 0;
  const value = f();
  const depends = new Set(Object.values(phi).map(({ id }) => id));
  for (const { kernelName, inputs, outputs } of (state.activeTape ?? []).slice(start)) {
    if (!Object.values(inputs).some(({ id }) => depends.has(id))) continue;
    for (const { id } of outputs) depends.add(id);
    if (outputs.some(isTwiceDifferentiable)) continue;
    if ((tf.getGradient(kernelName) as unknown) === undefined) {
      // what tf.customGrad records numbers its inputs, clones and operations without a gradient name theirs
      if ("0" in inputs) refuse("a custom gradient (tf.customGrad)");
    } else if (!PROVEN.has(kernelName)) refuse(kernelName);
    if (kernelName === "Pow" && depends.has(inputs.b.id)) refuse("Pow with a variable exponent");
  }
  return value;
}

function refuse(operation: string): never {
  throw new Error(
    `exact second-order products cannot pass ${operation}: TensorFlow.js' gradient of its gradient is wrong or missing; ` +
      `use the versions in core/twice, or a first-order hypergradient ("darts", "dot", "sama")`,
  );
}

export function prefixed(prefix: string, tree: Params): Params {
  return Object.fromEntries(Object.entries(tree).map(([name, tensor]) => [prefix + name, tensor]));
}

/** The tensors of a tree whose names begin with a prefix, without it. */
export function part(prefix: string, tree: Params): Params {
  const own = Object.entries(tree).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
