/** What reference files name, in our terms. */
import * as tf from "@tensorflow/tfjs-core";
import type { LevelOptions } from "../bilevel/level.js";
import type { HypergradientOptions } from "../bilevel/hypergradient/hypergradient.js";
import type { BatchSource } from "../bilevel/problem.js";
import type { Params } from "../core/tree.js";
import type { SolutionBatch, StepBatch } from "../data/batch.js";
import type { OptimizerOptions } from "../optim/optimizer.js";
import type { WeightActivation } from "../weighting/activation.js";
import { domainTable } from "../weighting/domainTable.js";
import { publishedInstanceNet } from "../weighting/instanceNet.js";
import { instanceTable } from "../weighting/instanceTable.js";
import type { Weighting } from "../weighting/weighting.js";
import type { FileAlpha, FileHypergradient, FilePhi, FileWeighting, RunFile } from "./replayFiles.js";

const activations: Record<string, WeightActivation> = {
  No: { activation: "none" },
  ReLU: { activation: "relu" },
  LeakyReLU: { activation: "leakyRelu", slope: 0.01 },
  Clip: { activation: "clip", min: -1, max: 3 },
  sigmoid: { activation: "sigmoid" },
};

/** As published: the table moves as a whole, the net is not detached. */
export function fileWeighting(weighting: FileWeighting, rows: number, domains: number): Weighting {
  switch (weighting.kind) {
    case "domainTable":
      return domainTable(Array.from({ length: domains }, (_, k) => `domain ${k}`));
    case "instanceTable":
      return instanceTable({
        rows,
        activation: activations[weighting.activation],
        initialization: weighting.initialization ?? 1,
        lazy: false,
      });
    case "instanceNet":
      return publishedInstanceNet({
        hiddenDim: weighting.hiddenDim ?? 10,
        activation: activations[weighting.activation],
        attached: true,
      });
  }
}

export function fileHypergradient(options: FileHypergradient = { kind: "darts" }): HypergradientOptions {
  switch (options.kind) {
    case "darts":
    case "sama":
      return { method: options.kind, radius: options.radius };
    case "neumann":
      return { method: "neumann", terms: options.iterations ?? 1, stepSize: options.alpha ?? 1 };
    case "cg":
      // the factor `alpha` cancels in exact arithmetic; Betty's forgets it in the residual
      return { method: "conjugateGradient", iterations: options.iterations ?? 1 };
  }
}

export function levelOptions(
  { lr, ...options }: RunFile["config"]["lowerOptimizer"],
  schedule: RunFile["config"]["lowerSchedule"],
  clip: number | undefined,
): LevelOptions {
  const { eps, ...rest } = { eps: undefined, ...options };
  const optimizer = { ...rest, ...(eps !== undefined && { epsilon: eps }) } as OptimizerOptions;
  return { optimizer, learningRate: lr, ...(schedule && { schedule }), ...(clip !== undefined && { clip }) };
}

/** PyTorch keeps the reward model's weights as [out, in], we as [in, out]. */
export function fromFile(phi: FilePhi): Params {
  return tf.tidy(() => ({
    "l1/weight": tf.transpose(tf.tensor2d(phi["l1/weight"])),
    "l1/bias": tf.tensor1d(phi["l1/bias"]),
    "l2/weight": tf.transpose(tf.tensor2d(phi["l2/weight"])),
    "l2/bias": tf.tensor1d(phi["l2/bias"]),
  }));
}

export function plainPhi(phi: FilePhi): Record<string, number[]> {
  const transposed = (rows: number[][]) => rows[0].flatMap((_, column) => rows.map((row) => row[column]));
  return {
    "l1/weight": transposed(phi["l1/weight"]),
    "l1/bias": phi["l1/bias"],
    "l2/weight": transposed(phi["l2/weight"]),
    "l2/bias": phi["l2/bias"],
  };
}

export function alphaFromFile(alpha: FileAlpha): Params {
  return Object.fromEntries(Object.entries(alpha).map(([name, values]) => [name, tf.tensor(values)]));
}

export function batchesFromFile(data: RunFile["data"], lower: number[][], upper: number[][]) {
  return {
    lower: (k) => stepBatch(data, lower[k]),
    upper: (k) => solutionBatch(data, upper[k]),
  } satisfies BatchSource<StepBatch, SolutionBatch>;
}

function stepBatch(data: RunFile["data"], rows: number[]): StepBatch {
  const integers = (values: number[]) => tf.tensor1d(values, "int32");
  return {
    input: tf.tensor2d(rows.map((row) => data.features[row])),
    target_B: tf.tensor1d(rows.map((row) => data.labels[row])),
    domain_B: integers(rows.map((row) => data.domain[row])),
    row_B: integers(rows),
  };
}

function solutionBatch(data: RunFile["data"], rows: number[]): SolutionBatch {
  return {
    input: tf.tensor2d(rows.flatMap((row) => data.metaFeatures[row])),
    mask_BS: tf.tensor2d(rows.map((row) => data.metaMask[row])),
    label_B: tf.tensor1d(rows.map((row) => data.metaLabels[row])),
  };
}

/** max |a − b| / max |b| */
export function relative(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let [difference, scale] = [0, 0];
  for (let i = 0; i < theirs.length; i++) {
    difference = Math.max(difference, Math.abs(ours[i] - theirs[i]));
    scale = Math.max(scale, Math.abs(theirs[i]));
  }
  return difference === 0 ? 0 : difference / scale;
}
