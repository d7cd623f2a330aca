/** Reference runs in files: the layouts that `dreamprm replay` reads. */
import { z } from "zod";

const matrix = z.array(z.array(z.number()));
const phi = z.object({
  "l1/weight": matrix,
  "l1/bias": z.array(z.number()),
  "l2/weight": matrix,
  "l2/bias": z.array(z.number()),
});
const alpha = z.record(z.string(), z.union([z.array(z.number()), matrix]));
const weighting = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("domainTable") }),
  z.strictObject({
    kind: z.literal("instanceTable"),
    activation: z.enum(["No", "ReLU", "LeakyReLU", "Clip", "sigmoid"]),
    initialization: z.number().optional(),
  }),
  z.strictObject({
    kind: z.literal("instanceNet"),
    activation: z.enum(["sigmoid", "Clip", "No"]),
    hiddenDim: z.int().optional(),
  }),
]);
const hypergradient = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("darts"), radius: z.number().optional() }),
  z.strictObject({ kind: z.literal("sama"), radius: z.number().optional() }),
  z.strictObject({ kind: z.literal("neumann"), iterations: z.int().optional(), alpha: z.number().optional() }),
  z.strictObject({ kind: z.literal("cg"), iterations: z.int().optional(), alpha: z.number().optional() }),
]);
const optimizer = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sgd"),
    lr: z.number(),
    momentum: z.number().optional(),
    weightDecay: z.number().optional(),
  }),
  z.strictObject({
    kind: z.literal("adamw"),
    lr: z.number(),
    betas: z.tuple([z.number(), z.number()]).optional(),
    eps: z.number().optional(),
    weightDecay: z.number().optional(),
  }),
]);
const schedule = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("stepLR"), stepSize: z.number(), gamma: z.number() }),
  z.strictObject({ kind: z.literal("cosineWithWarmup"), warmupSteps: z.number(), totalSteps: z.number() }),
]);
const aggregation = z.enum(["mean", "min", "max", "product", "logMean", "logOddsMean"]);
const data = z.object({
  features: matrix,
  labels: z.array(z.number()),
  domain: z.array(z.int()),
  metaFeatures: z.array(matrix),
  metaMask: matrix,
  metaLabels: z.array(z.number()),
});
const batches = z.array(z.array(z.int()));

export const runFile = z.object({
  config: z.strictObject({
    featureDim: z.int(),
    hiddenDim: z.int(),
    domains: z.int(),
    trainSize: z.int(),
    batchSize: z.int(),
    metaSize: z.int(),
    metaBatchSize: z.int(),
    maxSteps: z.int(),
    lowerIterations: z.int(),
    unrollSteps: z.int(),
    seed: z.int(),
    aggregation,
    weighting,
    hypergradient: hypergradient.optional(),
    lowerOptimizer: optimizer,
    upperOptimizer: optimizer,
    lowerSchedule: schedule.optional(),
    upperSchedule: schedule.optional(),
    lowerClip: z.number().optional(),
    upperClip: z.number().optional(),
    gradientAccumulation: z.int().optional(),
    rollBack: z.boolean().optional(),
  }),
  data,
  lowerBatches: batches,
  metaBatches: batches,
  init: z.object({ prm: phi, weighting: alpha }),
  trace: z.array(z.looseObject({ level: z.enum(["lowerEval", "upper"]), loss: z.number() })),
  states: z.array(z.object({ iteration: z.int(), prm: phi, weighting: alpha })),
  final: z.object({ prm: phi, weighting: alpha }),
});

const gradientTree = z.object({ upperLoss: z.number(), gradient: z.array(z.number()) });

export const pointFile = z.object({
  weighting: z.enum(["domainTable", "instanceTable"]),
  aggregation,
  data,
  phi,
  alpha: z.array(z.number()),
  lowerBatches: batches,
  metaBatch: z.array(z.int()),
  expected: z.record(
    z.string(),
    z.union([z.number(), z.array(z.number()), phi, gradientTree, z.object({ vector: phi, result: phi })]),
  ),
});

export type RunFile = z.infer<typeof runFile>;
export type PointFile = z.infer<typeof pointFile>;
export type FilePhi = z.infer<typeof phi>;
export type FileAlpha = z.infer<typeof alpha>;
export type FileWeighting = z.infer<typeof weighting>;
export type FileHypergradient = z.infer<typeof hypergradient>;
