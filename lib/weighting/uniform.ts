import * as tf from "@tensorflow/tfjs-core";
import type { Weighting } from "./weighting.js";

/** w = 1 for every sample: the vanilla PRM. */
export function uniform(): Weighting {
  return { kind: "uniform", init: () => ({}), apply: (_alpha, { domain_B }) => tf.ones(domain_B.shape) };
}

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
  const bad = domains.find((domain) => !(weights[domain] >= 0 && Number.isFinite(weights[domain])));
  if (bad !== undefined)
    throw new Error(`weight of domain "${bad}" is ${weights[bad]}; it must be a finite number ≥ 0`);
  const values = domains.map((domain) => weights[domain]);
  const vector = () => tf.tensor1d(values);
  return {
    kind: "fixed-domain-weights",
    init: () => ({}),
    apply: (_alpha, { domain_B }) => tf.tidy(() => tf.gather(vector(), domain_B)),
    names: domains,
    vector,
  };
}
