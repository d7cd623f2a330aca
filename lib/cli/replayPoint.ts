import * as tf from "@tensorflow/tfjs-core";
import { solveBilevel } from "../bilevel/engine.js";
import { hypergradient, type HypergradientOptions } from "../bilevel/hypergradient/hypergradient.js";
import { hessianProduct } from "../bilevel/hypergradient/point.js";
import type { BatchSource, BilevelProblem } from "../bilevel/problem.js";
import { type Params, toPlain, valueAndGrads } from "../core/tree.js";
import type { SolutionBatch, StepBatch } from "../data/batch.js";
import { mlpHead } from "../model/head.js";
import { prmProblem } from "../model/prmProblem.js";
import type { OptimizerOptions } from "../optim/optimizer.js";
import type { Deviations } from "./replay.js";
import type { FilePhi, FileWeighting, PointFile } from "./replayFiles.js";
import { alphaFromFile, batchesFromFile, fileWeighting, fromFile, plainPhi, relative } from "./replayParts.js";

/** Compares losses, gradients, Hessian-vector product and every kind of hypergradient that the file holds. */
export async function replayPoint(point: PointFile): Promise<Deviations> {
  const { data, expected } = point;
  const rows = data.features.length;
  const kind: FileWeighting =
    point.weighting === "domainTable" ? { kind: "domainTable" } : { kind: "instanceTable", activation: "No" };
  const problem = {
    ...prmProblem({
      prm: mlpHead({ features: data.features[0].length, hidden: point.phi["l1/bias"].length }),
      weighting: fileWeighting(kind, rows, Math.max(...data.domain) + 1),
      aggregation: point.aggregation,
    }),
    init: () => ({ phi: fromFile(point.phi), alpha: alphaFromFile({ raw: point.alpha }) }),
  };
  const batches = batchesFromFile(data, point.lowerBatches, [point.metaBatch]);
  const { phi, alpha } = problem.init();
  const [batch, metaBatch] = [batches.lower(0), batches.upper(0)];
  const lower = valueAndGrads((p) => problem.lower(p, alpha, batch), phi);
  const upper = valueAndGrads((p) => problem.upper(p, alpha, metaBatch), phi);
  const at = { problem, phi, alpha, batch, vector: upper.grads };

  const deviations: Record<string, number> = {};
  const tree = (what: string, ours: Params, theirs: FilePhi) => {
    const plain = toPlain(ours);
    for (const [name, values] of Object.entries(plainPhi(theirs)))
      deviations[`${what} ${name}`] = relative(plain[name].values, values);
  };
  const methods = (what: string, theirs: number[], options: readonly HypergradientOptions[]) => {
    for (const option of options) {
      const { raw } = hypergradient(option, at);
      deviations[`${what} by ${option.method}`] = relative(raw.dataSync(), theirs);
    }
  };
  for (const [key, value] of Object.entries(expected)) {
    const { name, options } = parseKey(key);
    const number = (option: string) => Number(options[option]);
    if (name === "lowerLoss") deviations[key] = relative(lower.value.dataSync(), [value as number]);
    else if (name === "upperLoss") deviations[key] = relative(upper.value.dataSync(), [value as number]);
    else if (name === "lowerGradPhi") tree(key, lower.grads, value as FilePhi);
    else if (name === "upperGradPhi") tree(key, upper.grads, value as FilePhi);
    else if (name === "hvp") {
      const { vector, result } = value as { vector: FilePhi; result: FilePhi };
      tree(key, hessianProduct(at, fromFile(vector)), result);
    } else if (name === "identityHessian") {
      methods(key, value as number[], [{ method: "dot" }, { method: "darts" }]);
    } else if (name === "implicit") {
      const damping = number("damping");
      const exact: HypergradientOptions[] = [
        { method: "implicit", damping },
        { method: "conjugateGradient", damping, iterations: 60 },
      ];
      methods(key, value as number[], exact);
    } else if (name === "neumann") {
      const [terms, stepSize] = [number("terms"), number("stepSize")];
      methods(key, value as number[], [{ method: "neumann", terms, stepSize }]);
    } else if (name === "unrolled") {
      const theirs = value as { upperLoss: number; gradient: number[] };
      for (const states of ["store", "recompute"] as const) {
        const ours = await unrolledStep(problem, batches, options, states);
        deviations[`${key}, states ${states}d`] = relative(ours.gradient, theirs.gradient);
        deviations[`${key} upper loss`] = relative([ours.loss], [theirs.upperLoss]);
      }
    } else throw new Error(`the file expects "${key}", which this version does not know`);
  }
  tf.dispose([phi, alpha, batch, metaBatch, lower, upper] as unknown as tf.TensorContainer);
  return deviations;
}

/** so large that the step drowns the rounding of α; a power of two, so that it divides out exactly */
const RATE = 2 ** 20;

/** T lower updates and one upper update by SGD, whose step is `RATE` times the hypergradient. */
async function unrolledStep(
  problem: BilevelProblem<StepBatch, SolutionBatch>,
  batches: BatchSource<StepBatch, SolutionBatch>,
  options: Readonly<Record<string, string>>,
  states: "store" | "recompute",
): Promise<{ gradient: Float32Array; loss: number }> {
  const { lr, T, weightDecay } = options;
  const decay = weightDecay === undefined ? {} : { weightDecay: Number(weightDecay) };
  const optimizer: OptimizerOptions = "sgd" in options ? { kind: "sgd", ...decay } : { kind: "adamw", ...decay };
  const solver = solveBilevel(problem, batches, {
    iterations: Number(T),
    lower: { optimizer, learningRate: Number(lr) },
    upper: {
      optimizer: { kind: "sgd" },
      learningRate: RATE,
      unrollSteps: Number(T),
      hypergradient: { method: "unrolled", states },
    },
  });
  const before = solver.state().alpha.raw.values;
  let loss = NaN;
  for await (const { upper } of solver) if (upper) loss = upper.loss;
  const after = solver.state().alpha.raw.values;
  return { gradient: before.map((a, i) => (a - after[i]) / RATE), loss };
}

/** "unrolled(sgd,lr=0.5,T=5)" ↦ name and options; a word without "=" is an option without value */
function parseKey(key: string): { name: string; options: Readonly<Record<string, string>> } {
  const [name, inner = ""] = /^(\w+)(?:\((.*)\))?$/.exec(key)?.slice(1) ?? [key];
  const pairs = inner.split(",").filter(Boolean);
  return { name, options: Object.fromEntries(pairs.map((pair) => [...pair.split("="), ""] as [string, string])) };
}
