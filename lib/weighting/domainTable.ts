import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";
import type { Weighting } from "./weighting.js";

/**
 * One weight per domain: w_k = softplus(r_k) / mean_j softplus(r_j), with r = 0 at the start.
 * All weights start at 1, stay positive, and their mean stays 1.
 *
 * DreamPRM (arXiv 2505.20241), domain weights; α is `{ raw }`, [K].
 *
 * @param domains  names in the order of `domain_B`'s indices
 */
export function domainTable(domains: readonly string[]): Weighting {
  if (domains.length === 0) throw new Error("domainTable needs at least one domain");
  const vector = ({ raw }: Params) =>
    tf.tidy(() => {
      const positive_K = tf.softplus(raw) as tf.Tensor1D;
      return tf.div<tf.Tensor1D>(positive_K, tf.mean(positive_K));
    });
  return {
    kind: "domain-table",
    init: () => ({ raw: tf.zeros([domains.length]) }),
    apply: (alpha, { domain_B }) => tf.tidy(() => tf.gather(vector(alpha), domain_B)),
    names: domains,
    vector,
  };
}
