import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";
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
        if (!isRecorded() && isSmall(alpha.raw)) return onHost(alpha.raw, index(batch));
        return tf.gather(vector(alpha), index(batch));
      }),
    names,
    vector,
  };
}

/** The weights of a batch as values. */
function onHost(raw_K: tf.Tensor, index_B: tf.Tensor1D): tf.Tensor1D {
  const positive_K = Array.from(raw_K.dataSync(), (r) => Math.max(r, 0) + Math.log1p(Math.exp(-Math.abs(r))));
  const mean = positive_K.reduce((sum, value) => sum + value, 0) / positive_K.length;
  const index = index_B.dataSync();
  return tf.tensor1d(Float32Array.from(index).map((k) => positive_K[k] / mean));
}
