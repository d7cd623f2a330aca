import * as tf from "@tensorflow/tfjs-core";
import { Command } from "commander";
import { readFile } from "node:fs/promises";
import { solveBilevel } from "../bilevel/engine.js";
import type { LevelOptions } from "../bilevel/level.js";
import { hypergradient, type HypergradientOptions } from "../bilevel/hypergradient/hypergradient.js";
import type { BatchSource } from "../bilevel/problem.js";
import { useBackend } from "../core/backend.js";
import { parseOptions } from "../core/check.js";
import { type Params, type PlainParams, toPlain, valueAndGrads } from "../core/tree.js";
import type { SolutionBatch, StepBatch } from "../data/batch.js";
import { mlpHead } from "../model/head.js";
import { prmProblem } from "../model/prmProblem.js";
import type { OptimizerOptions } from "../optim/optimizer.js";
import { domainTable } from "../weighting/domainTable.js";
import type { Weighting } from "../weighting/weighting.js";
import { type FilePhi, pointFile, type PointFile, runFile, type RunFile } from "./replayFiles.js";

/** What one file asked for and how far we are from it. */
export interface Replay {
  readonly file: string;
  /** largest relative deviation of each compared value: max |ours − theirs| / max |theirs| over its entries */
  readonly deviations: Readonly<Record<string, number>>;
  /** what the file holds that is not built yet */
  readonly notBuilt: readonly string[];
}

export function replayCommand(): Command {
  return new Command("replay")
    .description("replay reference runs on the chosen backend and print the largest relative deviations")
    .argument("<files...>", "runs or single points in JSON")
    .option("--tolerance <number>", "largest relative deviation let through", Number, 1e-3)
    .option("--json", "print one JSON value")
    .action(async (files: string[], { tolerance, json }: { tolerance: number; json?: boolean }) => {
      const { name } = await useBackend();
      const replays: Replay[] = [];
      for (const file of files) replays.push(await replay(file));
      const worst = (r: Replay) =>
        Math.max(0, ...Object.values(r.deviations).map((d) => (Number.isNaN(d) ? Infinity : d)));
      const failed = replays.filter((r) => worst(r) > tolerance).length;
      if (json) console.log(JSON.stringify({ backend: name, tolerance, failed, replays }));
      else
        console.log(
          [`backend ${name}, tolerance ${tolerance}`, ...replays.map((r) => format(r, tolerance))].join("\n"),
        );
      if (failed > 0) process.exitCode = 1;
    });
}

function format({ file, deviations, notBuilt }: Replay, tolerance: number): string {
  const lines = Object.entries(deviations).map(
    ([what, d]) => `  ${d <= tolerance ? "ok  " : "FAIL"} ${d.toExponential(2)}  ${what}`,
  );
  return [file, ...lines, ...notBuilt.map((what) => `  not built yet: ${what}`)].join("\n");
}

/** @throws Error naming the file and what is wrong in it */
export async function replay(file: string): Promise<Replay> {
  const json: unknown = JSON.parse(await readFile(file, "utf8"));
  const isRun = typeof json === "object" && json !== null && "config" in json;
  return isRun
    ? replayRun(file, parseOptions(runFile, json, `${file} is no reference run`))
    : replayPoint(file, parseOptions(pointFile, json, `${file} is neither a reference run nor a point`));
}

async function replayRun(file: string, run: RunFile): Promise<Replay> {
  const { config, data } = run;
  const weighting = fileWeighting(config.weighting.kind, config.domains);
  const method = fileHypergradient(config.hypergradient);
  const notBuilt = [
    ...(weighting ? [] : [`weighting ${config.weighting.kind}`]),
    ...(method ? [] : [`hypergradient ${config.hypergradient?.kind}`]),
  ];
  if (!weighting || !method) return { file, deviations: {}, notBuilt };

  const problem = {
    ...prmProblem({
      prm: mlpHead({ features: config.featureDim, hidden: config.hiddenDim }),
      weighting,
      aggregation: config.aggregation,
    }),
    init: () => ({ phi: fromFile(run.init.prm), alpha: alphaFromFile(run.init.weighting) }),
  };
  const batches: BatchSource<StepBatch, SolutionBatch> = {
    lower: (k) => stepBatch(data, run.lowerBatches[k]),
    upper: (k) => solutionBatch(data, run.metaBatches[k]),
  };
  const solver = solveBilevel(problem, batches, {
    iterations: config.lowerIterations,
    gradientAccumulation: config.gradientAccumulation ?? 1,
    lower: levelOptions(config.lowerOptimizer, config.lowerSchedule, config.lowerClip),
    upper: {
      ...levelOptions(config.upperOptimizer, config.upperSchedule, config.upperClip),
      unrollSteps: config.unrollSteps,
      rollBack: config.rollBack ?? false,
      hypergradient: method,
    },
  });
  const worst: Record<string, number> = {};
  const note = (what: string, deviation: number) => (worst[what] = Math.max(worst[what] ?? 0, deviation));
  const upperLosses = run.trace.filter((t) => t.level === "upper").map((t) => t.loss);
  let upper = 0;
  for await (const iteration of solver) {
    const expected = run.states.find((state) => state.iteration === iteration.iteration);
    if (expected) compareState(solver.state(), expected, note);
    if (iteration.upper) note("upper loss", relative([iteration.upper.loss], [upperLosses[upper++]]));
  }
  compareState(solver.state(), run.final, note);
  return { file, deviations: worst, notBuilt };
}

function compareState(
  ours: { phi: PlainParams; alpha: PlainParams },
  theirs: { prm: FilePhi; weighting: Record<string, number[]> },
  note: (what: string, deviation: number) => void,
): void {
  for (const [name, values] of Object.entries(plainPhi(theirs.prm)))
    note(`φ ${name}`, relative(ours.phi[name].values, values));
  for (const [name, values] of Object.entries(theirs.weighting))
    note(`α ${name}`, relative(ours.alpha[name].values, values));
}

function replayPoint(file: string, point: PointFile): Replay {
  const { data, expected } = point;
  const weighting = fileWeighting(point.weighting, Math.max(...data.domain) + 1);
  if (!weighting) return { file, deviations: {}, notBuilt: [`weighting ${point.weighting}`] };
  const prm = mlpHead({ features: data.features[0].length, hidden: point.phi["l1/bias"].length });
  const problem = prmProblem({ prm, weighting, aggregation: point.aggregation });
  const values = tf.tidy(() => {
    const phi = fromFile(point.phi);
    const alpha = alphaFromFile({ raw: point.alpha });
    const batch = stepBatch(data, point.lowerBatches[0]);
    const metaBatch = solutionBatch(data, point.metaBatch);
    const lower = valueAndGrads((p) => problem.lower(p, alpha, batch), phi);
    const upper = valueAndGrads((p) => problem.upper(p, alpha, metaBatch), phi);
    const at = { problem, phi, alpha, batch, vector: upper.grads };
    return {
      lowerLoss: [lower.value.dataSync()[0]],
      upperLoss: [upper.value.dataSync()[0]],
      lowerGradPhi: toPlain(lower.grads),
      upperGradPhi: toPlain(upper.grads),
      dot: toPlain(hypergradient({ method: "dot" }, at)).raw.values,
      darts: toPlain(hypergradient({ method: "darts" }, at)).raw.values,
    } as unknown as tf.TensorContainer;
  }) as unknown as Record<"lowerLoss" | "upperLoss", number[]> &
    Record<"lowerGradPhi" | "upperGradPhi", PlainParams> &
    Record<"dot" | "darts", Float32Array>;
  const deviations: Record<string, number> = {};
  const notBuilt: string[] = [];
  for (const [key, value] of Object.entries(expected)) {
    if (key === "lowerLoss" || key === "upperLoss") deviations[key] = relative(values[key], [value as number]);
    else if (key === "lowerGradPhi" || key === "upperGradPhi") {
      for (const [name, theirs] of Object.entries(plainPhi(value as FilePhi))) {
        deviations[`${key} ${name}`] = relative(values[key][name].values, theirs);
      }
    } else if (key === "identityHessian") {
      deviations["identityHessian by dot"] = relative(values.dot, value as number[]);
      deviations["identityHessian by darts"] = relative(values.darts, value as number[]);
    } else notBuilt.push(key);
  }
  return { file, deviations, notBuilt };
}

/** max |a − b| / max |b| */
function relative(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  let [difference, scale] = [0, 0];
  for (let i = 0; i < theirs.length; i++) {
    difference = Math.max(difference, Math.abs(ours[i] - theirs[i]));
    scale = Math.max(scale, Math.abs(theirs[i]));
  }
  return difference === 0 ? 0 : difference / scale;
}

function fileWeighting(kind: string, domains: number): Weighting | undefined {
  return kind === "domainTable" ? domainTable(Array.from({ length: domains }, (_, k) => `domain ${k}`)) : undefined;
}

function fileHypergradient(options: RunFile["config"]["hypergradient"]): HypergradientOptions | undefined {
  if (options === undefined) return { method: "darts" };
  if (options.kind !== "darts") return undefined;
  return { method: "darts", ...(typeof options.radius === "number" && { radius: options.radius }) };
}

function levelOptions(
  { lr, ...options }: RunFile["config"]["lowerOptimizer"],
  schedule: RunFile["config"]["lowerSchedule"],
  clip: number | undefined,
): LevelOptions {
  const { eps, ...rest } = { eps: undefined, ...options };
  const optimizer = { ...rest, ...(eps !== undefined && { epsilon: eps }) } as OptimizerOptions;
  return { optimizer, learningRate: lr, ...(schedule && { schedule }), ...(clip !== undefined && { clip }) };
}

/** PyTorch keeps weights as [out, in], we as [in, out]. */
function fromFile(phi: FilePhi): Params {
  return tf.tidy(() => ({
    "l1/weight": tf.transpose(tf.tensor2d(phi["l1/weight"])),
    "l1/bias": tf.tensor1d(phi["l1/bias"]),
    "l2/weight": tf.transpose(tf.tensor2d(phi["l2/weight"])),
    "l2/bias": tf.tensor1d(phi["l2/bias"]),
  }));
}

function plainPhi(phi: FilePhi): Record<string, number[]> {
  const transposed = (rows: number[][]) => rows[0].flatMap((_, column) => rows.map((row) => row[column]));
  return {
    "l1/weight": transposed(phi["l1/weight"]),
    "l1/bias": phi["l1/bias"],
    "l2/weight": transposed(phi["l2/weight"]),
    "l2/bias": phi["l2/bias"],
  };
}

function alphaFromFile(alpha: Record<string, number[]>): Params {
  return Object.fromEntries(Object.entries(alpha).map(([name, values]) => [name, tf.tensor1d(values)]));
}

function stepBatch(data: RunFile["data"], rows: number[]): StepBatch {
  return {
    input: tf.tensor2d(rows.map((row) => data.features[row])),
    target_B: tf.tensor1d(rows.map((row) => data.labels[row])),
    domain_B: tf.tensor1d(
      rows.map((row) => data.domain[row]),
      "int32",
    ),
    row_B: tf.tensor1d(rows, "int32"),
  };
}

function solutionBatch(data: RunFile["data"], rows: number[]): SolutionBatch {
  return {
    input: tf.tensor2d(rows.flatMap((row) => data.metaFeatures[row])),
    mask_BS: tf.tensor2d(rows.map((row) => data.metaMask[row])),
    label_B: tf.tensor1d(rows.map((row) => data.metaLabels[row])),
  };
}
