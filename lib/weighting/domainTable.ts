import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";
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
    apply: (alpha, batch) => tf.tidy(() => tf.gather(vector(alpha), index(batch))),
    names,
    vector,
  };
}
