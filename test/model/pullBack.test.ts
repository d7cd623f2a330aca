import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { lowerGradient, upperGradients } from "../../lib/bilevel/gradients.js";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import type { SolutionBatch, StepBatch } from "../../lib/data/batch.js";
import { lossTargets } from "../../lib/loss/objective.js";
import { linearHead, mlpHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { instanceNet } from "../../lib/weighting/instanceNet.js";
import { expectClose } from "../expectClose.js";

beforeAll(() => useBackend());

const [B, F] = [6, 5];
const matrix = (seed: string, rows: number) => {
  const stream = random(seed);
  return tf.tensor2d(
    Float32Array.from({ length: rows * F }, () => stream.normal()),
    [rows, F],
  );
};

const steps = (): StepBatch => ({
  input: matrix("steps", B),
  target_B: tf.tensor1d([1, 0, 0.3, 0.8, 0, 1]),
  domain_B: tf.zeros([B], "int32"),
  row_B: tf.range(0, B, 1, "int32"),
  factor_B: tf.tensor1d([1, 2, 0.5, 1, 1, 3]),
});

/** two solutions of three and two steps, five feature rows */
const solutions = (): SolutionBatch => ({
  input: matrix("solutions", 5),
  index_BS: tf.tensor2d([0, 1, 2, 3, 4, 0], [2, 3], "int32"),
  mask_BS: tf.tensor2d([1, 1, 1, 1, 1, 0], [2, 3]),
  label_B: tf.tensor1d([1, 0]),
  stepLabel_BS: tf.tensor2d([1, 1, 0, 1, 0, 0], [2, 3]),
  labelled_BS: tf.tensor2d([1, 0, 1, 1, 1, 0], [2, 3]),
});

const heads = {
  linear: linearHead({ features: F }),
  tanh: mlpHead({ features: F, hidden: 4 }),
  relu: mlpHead({ features: F, hidden: 4, activation: "relu" }),
};
const weightings = {
  answer: instanceNet({ inputs: ["label", "score", "loss"], hiddenDim: 3, startEqual: false }),
  representation: instanceNet({ inputs: ["hidden"], hiddenSize: 4, startEqual: false }),
};

describe.each(Object.entries(heads))("%s head", (name, prm) => {
  test.each(["squaredError", "crossEntropy"] as const)("the lower gradient is the tape's, %s", (stepLoss) => {
    for (const [sees, weighting] of Object.entries(weightings)) {
      if (name === "linear" && sees === "representation") continue;
      const problem = prmProblem({ prm, weighting, stepLoss });
      const { weighted } = problem;
      if (weighted?.pullBack === undefined) throw new Error("these heads write their gradient out");
      const { phi, alpha } = problem.init(1);
      const before = tf.memory().numTensors;
      const batch = steps();
      const ours = lowerGradient(problem, phi, () => alpha, batch);
      const taped = lowerGradient(
        { ...problem, weighted: { ...weighted, pullBack: undefined } },
        phi,
        () => alpha,
        batch,
      );
      for (const name of Object.keys(phi)) expectClose(ours.grads[name], taped.grads[name], { relative: 1e-5 });
      expectClose([ours.loss, ours.weightedLoss], [taped.loss, taped.weightedLoss], { relative: 1e-5 });
      tf.dispose([ours.grads, taped.grads, batch] as unknown as tf.TensorContainer);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  test.each(lossTargets)('the upper gradient is the tape\'s, loss target "%s"', (lossTarget) => {
    for (const metaLoss of ["squaredError", "crossEntropy"] as const) {
      const problem = prmProblem({ prm, weighting: weightings.answer, lossTarget, metaLoss, aggregation: "logMean" });
      const { phi, alpha } = problem.init(2);
      const batch = solutions();
      const ours = upperGradients(problem, phi, alpha, batch);
      const taped = upperGradients({ ...problem, upperGradient: undefined }, phi, alpha, batch);
      expectClose(ours.value, taped.value, { relative: 1e-5 });
      for (const name of Object.keys(phi)) expectClose(ours.grads.phi[name], taped.grads.phi[name], { relative: 1e-5 });
    }
  });
});
