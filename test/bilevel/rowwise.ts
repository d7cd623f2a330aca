import * as tf from "@tensorflow/tfjs-core";
import { type BatchSource, type BilevelProblem, weightedProblem } from "../../lib/bilevel/problem.js";
import { instanceTable, type InstanceTableOptions } from "../../lib/weighting/instanceTable.js";
import type { WeightingBatch } from "../../lib/weighting/weighting.js";

/** Row n pulls φ towards `pulls[n]`: ℓ_n = ½(φ − b_n)², w from an instance table; upper = ½(φ − 3)². */
export const pulls = [2, -1, 0.5, 4, 1, -2];

interface Rows extends WeightingBatch {
  readonly b_B: tf.Tensor1D;
}

/** A vector φ is there for tensors that fused kernels take: its other entries are pulled to 0. */
export function rowwise(table: Omit<InstanceTableOptions, "rows">, size = 1): BilevelProblem<Rows, null> {
  const weighting = instanceTable({ rows: pulls.length, ...table });
  const first = (phi: tf.Tensor) => tf.slice1d(phi as tf.Tensor1D, 0, 1);
  const { project, names, vector } = weighting;
  return weightedProblem<Rows, null>({
    init: (seed) => ({ phi: { x: tf.ones([size]) }, alpha: weighting.init(seed) }),
    weighted: {
      losses: ({ x }, { b_B }) => {
        const rest = tf.mul(0.5, tf.sub(tf.sum(tf.square(x)), tf.sum(tf.square(first(x)))));
        const loss_B = tf.mul(0.5, tf.squaredDifference(tf.tile(first(x), [b_B.size]), b_B));
        return { loss_B: tf.add<tf.Tensor1D>(loss_B, size > 1 ? tf.mul(rest, 1 / b_B.size) : 0) };
      },
      weights: (alpha, batch) => weighting.apply(alpha, batch),
    },
    upper: ({ x }) => tf.tidy(() => tf.mul(0.5, tf.sum(tf.squaredDifference(first(x), 3)))),
    ...(project && { project }),
    ...(names && vector && { weights: { names, vector } }),
    ...(weighting.lazy !== undefined && { lazy: { name: weighting.lazy, rows: ({ row_B }) => row_B.dataSync() } }),
  });
}

export function rowBatches(rows: (k: number) => number[]): BatchSource<Rows, null> {
  const lower = (k: number) => {
    const own = rows(k);
    return {
      row_B: tf.tensor1d(own, "int32"),
      domain_B: tf.zeros<tf.Rank.R1>([own.length], "int32"),
      target_B: tf.zeros<tf.Rank.R1>([own.length]),
      b_B: tf.tensor1d(own.map((n) => pulls[n])),
    };
  };
  return { lower, upper: () => null };
}
