import * as tf from "@tensorflow/tfjs-core";
import type { Params } from "../core/tree.js";
import { featureBatch, solutionBatch } from "../data/batch.js";
import { type EncodedSolutions } from "../data/encode.js";
import type { Aggregation } from "../loss/aggregate.js";
import type { FeatureRows } from "../text/features.js";
import { solutionLogits } from "./prmProblem.js";
import type { RewardModel } from "./rewardModel.js";

const CHUNK = 512;

/**
 * Logits of encoded steps, one per row; σ of them are the step scores.
 *
 * @param phi  φ; stays the caller's
 */
export function scoreSteps(prm: RewardModel, phi: Params, features: FeatureRows): Float32Array {
  return inChunks(features.rows, (rows) => prm.apply(phi, featureBatch(features, rows)));
}

/** Aggregated logits of encoded solutions, one per solution: what best-of-N compares. */
export function scoreSolutions(
  prm: RewardModel,
  phi: Params,
  solutions: EncodedSolutions,
  aggregation: Aggregation,
): Float32Array {
  return inChunks(solutions.label.length, (rows) => {
    return solutionLogits(prm, phi, solutionBatch(solutions, rows), aggregation);
  });
}

function inChunks(count: number, score: (rows: Int32Array) => tf.Tensor1D): Float32Array {
  const out = new Float32Array(count);
  for (let start = 0; start < count; start += CHUNK) {
    const rows = Int32Array.from({ length: Math.min(CHUNK, count - start) }, (_, i) => start + i);
    out.set(
      tf.tidy(() => score(rows).dataSync<"float32">()),
      start,
    );
  }
  return out;
}
