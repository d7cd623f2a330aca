import * as tf from "@tensorflow/tfjs-core";
import { type Params, tidyTree } from "../core/tree.js";
import { isSmall } from "../core/host.js";
import { isRecorded } from "../core/tape.js";
import * as twice from "../core/twice.js";
import type { Weighting, WeightingBatch } from "./weighting.js";

/**
 * One weight per domain: w_k = softplus(r_k) / mean_j softplus(r_j), with r = 0 at the start.
 * All weights start at 1, stay positive, and their mean stays 1.
 *
 * DreamPRM (arXiv 2505.20241), domain weights; α is `{ raw }`, [K].
 *
 * @param domains  names in the order of `domain_B`'s indices
 */
export function domainTable(domains: readonly string[]): Weighting {
  return table("domain-table", "domain", domains, ({ domain_B }) => domain_B);
}

/**
 * The same with one weight per group, for groups of any column: a generator, a subject, a length.
 *
 * @param groups   names of the groups
 * @param groupOf  index of every training row's group, [N]
 * @throws RangeError naming the first row whose group does not exist
 */
export function groupTable(groups: readonly string[], groupOf: ArrayLike<number>): Weighting {
  const bad = Array.from(groupOf).findIndex((group) => groups[group] === undefined);
  if (bad >= 0) throw new RangeError(`groupTable: row ${bad} is in group ${groupOf[bad]} of ${groups.length}`);
  return table("group-table", "group", groups, ({ row_B }) =>
    tf.tensor1d(
      Int32Array.from(row_B.dataSync(), (row) => groupOf[row]),
      "int32",
    ),
  );
}

function table(
  kind: string,
  what: string,
  names: readonly string[],
  index: (batch: WeightingBatch) => tf.Tensor1D,
): Weighting {
  if (names.length === 0) throw new Error(`${kind} needs at least one ${what}`);
  const vector = ({ raw }: Params) =>
    tf.tidy(() => {
      const positive_K = twice.softplus(raw as tf.Tensor1D);
      return tf.div<tf.Tensor1D>(positive_K, tf.mean(positive_K));
    });
  return {
    kind,
    init: () => ({ raw: tf.zeros([names.length]) }),
    apply: (alpha, batch) =>
      tf.tidy(() => {
        const index_B = index(batch);
        if (isRecorded() || !isSmall(alpha.raw)) return tf.gather(vector(alpha), index_B);
        const { positive, mean } = positives(alpha.raw);
        return tf.tensor1d(Array.from(index_B.dataSync(), (k) => positive[k] / mean));
      }),
    pullBack: ({ raw }, batch, cotangent_B) => tidyTree(() => ({ raw: rawGradient(raw, index(batch), cotangent_B) })),
    names,
    vector,
  };
}

/** softplus(r) and its mean */
function positives(raw_K: tf.Tensor): { positive: number[]; mean: number } {
  const positive = Array.from(raw_K.dataSync(), (r) => Math.max(r, 0) + Math.log1p(Math.exp(-Math.abs(r))));
  return { positive, mean: positive.reduce((sum, value) => sum + value, 0) / positive.length };
}

/** ∂/∂r_k Σ_n c_n w_n = σ(r_k) (C_k − (1/K) Σ_j C_j w_j) / mean, with C_k the sum of c over the rows of k. */
function rawGradient(raw_K: tf.Tensor, index_B: tf.Tensor1D, cotangent_B: tf.Tensor1D): tf.Tensor1D {
  const { positive, mean } = positives(raw_K);
  const sums = positive.map(() => 0);
  const [index, cotangent, raw] = [index_B, cotangent_B, raw_K].map((tensor) => tensor.dataSync());
  index.forEach((k, n) => (sums[k] += cotangent[n]));
  const shared = sums.reduce((total, own, k) => total + own * positive[k], 0) / (mean * positive.length);
  return tf.tensor1d(sums.map((own, k) => (own - shared) / (mean * (1 + Math.exp(-raw[k])))));
}
