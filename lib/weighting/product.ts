import * as tf from "@tensorflow/tfjs-core";
import { part, prefixed } from "../core/secondOrder.js";
import { cloneTree, type Params } from "../core/tree.js";
import type { Weighting } from "./weighting.js";

/**
 * w_n = Π_k w_n⁽ᵏ⁾, for example a domain's weight times an instance's. α holds each factor's tensors as `0/…`, `1/…`.
 * The first factor that names a weight vector is the one recorded.
 *
 * @throws Error when two factors are updated row by row, or one is attached to the model
 */
export function product(...factors: readonly Weighting[]): Weighting {
  if (factors.some(({ attached }) => attached))
    throw new Error("product: a factor attached to the model is not supported");
  const lazy = factors.flatMap(({ lazy }, k) => (lazy === undefined ? [] : [`${k}/${lazy}`]));
  if (lazy.length > 1)
    throw new Error("product: only one factor can be updated row by row; give the other `lazy: false`");
  const own = (alpha: Params, k: number) => part(`${k}/`, alpha);
  const named = factors.findIndex(({ vector }) => vector !== undefined);
  const { names, vector } = factors[named] ?? {};
  const sees = factors.find(({ sees }) => sees === "representation")?.sees ?? factors.find(({ sees }) => sees)?.sees;
  return {
    kind: factors.map(({ kind }) => kind).join(" × "),
    init: (seed) => Object.assign({}, ...factors.map((factor, k) => prefixed(`${k}/`, factor.init(seed)))) as Params,
    apply: (alpha, batch, seen) =>
      tf.tidy(() =>
        factors
          .map((factor, k) => factor.apply(own(alpha, k), batch, seen))
          .reduce((product_B, weight_B) => tf.mul(product_B, weight_B)),
      ),
    ...(sees && { sees }),
    ...(lazy.length === 1 && { lazy: lazy[0] }),
    ...(names && { names }),
    ...(vector && { vector: (alpha: Params) => vector(own(alpha, named)) }),
    ...(factors.some(({ project }) => project) && {
      project: (alpha: Params) =>
        Object.assign(
          {},
          ...factors.map(({ project }, k) => {
            const tree = own(alpha, k);
            return prefixed(`${k}/`, project ? project(tree) : cloneTree(tree));
          }),
        ) as Params,
    }),
  };
}
