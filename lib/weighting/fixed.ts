import * as tf from "@tensorflow/tfjs-core";
import type { Weighting } from "./weighting.js";

/**
 * Weights given by hand or learned before, one per domain.
 *
 * @throws Error naming the domains without a weight, or the weight that is no finite number ≥ 0
 */
export function fixedDomainWeights(domains: readonly string[], weights: Readonly<Record<string, number>>): Weighting {
  const missing = domains.filter((domain) => !(domain in weights));
  if (missing.length > 0) {
    throw new Error(
      `no weight for domain ${missing.map((d) => `"${d}"`).join(", ")}; given: ${Object.keys(weights).join(", ")}`,
    );
  }
  const values = checked(
    domains.map((domain) => weights[domain]),
    (k) => `weight of domain "${domains[k]}"`,
  );
  const vector = () => tf.tensor1d(values);
  return {
    kind: "fixed-domain-weights",
    init: () => ({}),
    apply: (_alpha, { domain_B }) => tf.tidy(() => tf.gather(vector(), domain_B)),
    names: domains,
    vector,
  };
}

/**
 * Weights given by hand, selected or learned before, one per training row.
 *
 * @param weights  [N]
 * @param names    of the rows in records; defaults to 0 … N−1
 * @throws Error naming the first weight that is no finite number ≥ 0
 */
export function fixedInstanceWeights(weights: ArrayLike<number>, names?: readonly string[]): Weighting {
  const values = checked(Float32Array.from(weights), (n) => `weight of row ${names?.[n] ?? n}`);
  return {
    kind: "fixed-instance-weights",
    init: () => ({}),
    apply: (_alpha, { row_B }) => tf.tensor1d(Float32Array.from(row_B.dataSync(), (row) => values[row])),
    names: names ?? Array.from(values, (_, n) => String(n)),
    vector: () => tf.tensor1d(Float32Array.from(values)),
  };
}

function checked<T extends ArrayLike<number>>(weights: T, what: (index: number) => string): T {
  const bad = Array.from(weights).findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (bad >= 0) throw new Error(`${what(bad)} is ${weights[bad]}; it must be a finite number ≥ 0`);
  return weights;
}
