/**
 * What hypergradients cost at the shape of a real head (64 rows × 1536 features, hidden 256; meta batch 16 solutions ×
 * 5 steps; 10 domains): milliseconds and bytes of every method, `dot` against `darts` without `weighted`, memory of
 * `unrolled` over T, and the cost of an iteration over the rows of a lazy instance table.
 */
import * as tf from "@tensorflow/tfjs-core";
import { type BilevelOptions, solveBilevel } from "../../lib/bilevel/engine.js";
import {
  hypergradient,
  type HypergradientOptions,
  hypergradientMethods,
} from "../../lib/bilevel/hypergradient/hypergradient.js";
import type { BilevelProblem, LowerObjective } from "../../lib/bilevel/problem.js";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import { featureMatrix } from "../../lib/core/sparse.js";
import { mapTree } from "../../lib/core/tree.js";
import type { SolutionBatch, StepBatch } from "../../lib/data/batch.js";
import { mlpHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { instanceTable } from "../../lib/weighting/instanceTable.js";
import type { Weighting } from "../../lib/weighting/weighting.js";

const [batch, meta, steps, domains] = [64, 16, 5, 10];
type Problem = BilevelProblem<StepBatch, SolutionBatch>;
interface Shape {
  readonly features: number;
  readonly hidden: number;
}
const head: Shape = { features: 1536, hidden: 256 };
/** small enough for the dense Hessian of `implicit` */
const tiny: Shape = { features: 24, hidden: 8 };

const stream = random("bench");
const draw = (size: number) => Float32Array.from({ length: size }, () => stream.normal());

/** Batches of the same numbers; their rows run through a table of `rows`. */
function batchesOf({ features }: Shape, rows = domains) {
  const [x, xMeta, target, label] = [draw(batch * features), draw(meta * steps * features), draw(batch), draw(meta)];
  return {
    lower: (k: number): StepBatch => ({
      input: tf.tensor2d(x, [batch, features]),
      target_B: tf.tensor1d(target.map((t) => (t > 0 ? 0.75 : 0.25))),
      domain_B: tf.tensor1d(Int32Array.from(target, (_, n) => n % domains)),
      row_B: tf.tensor1d(Int32Array.from(target, (_, n) => (k * batch + n) % rows)),
    }),
    upper: (): SolutionBatch => ({
      input: tf.tensor2d(xMeta, [meta * steps, features]),
      mask_BS: tf.ones([meta, steps]),
      label_B: tf.tensor1d(label.map((l) => (l > 0 ? 1 : 0))),
    }),
  };
}

const names = Array.from({ length: domains }, (_, k) => `domain ${k}`);
const problemOf = (shape: Shape, weighting: Weighting = domainTable(names)): Problem =>
  prmProblem({ prm: mlpHead(shape), weighting });

interface Cost {
  /** median of an iteration with an upper update, and of one without */
  readonly ms: number;
  readonly lowerMs: number;
  /** largest bytes of tensors when a loss is asked for, within an upper update too */
  readonly tensorBytes: number;
  /** growth of the process over the run */
  readonly rssBytes: number;
}

async function cost(
  problem: Problem,
  shape: Shape,
  hypergradient: HypergradientOptions,
  { unrollSteps = 2, rounds = 12, rows = domains }: { unrollSteps?: number; rounds?: number; rows?: number } = {},
): Promise<Cost> {
  const adamw = { optimizer: { kind: "adamw" } } as const;
  const options: BilevelOptions = {
    iterations: unrollSteps * rounds,
    lower: { ...adamw, learningRate: 1e-3 },
    upper: { ...adamw, learningRate: 1e-2, unrollSteps, hypergradient },
  };
  const before = process.memoryUsage().rss;
  const [withUpper, lowerOnly]: [number[], number[]] = [[], []];
  let tensorBytes = 0;
  const look = () => (tensorBytes = Math.max(tensorBytes, tf.memory().numBytes));
  for await (const { iteration, upper, wallMs } of solveBilevel(
    watched(problem, look),
    batchesOf(shape, rows),
    options,
  )) {
    if (iteration > 2 * unrollSteps) (upper ? withUpper : lowerOnly).push(wallMs);
  }
  const rssBytes = process.memoryUsage().rss - before;
  return { ms: median(withUpper), lowerMs: median(lowerOnly), tensorBytes, rssBytes };
}

/** The problem with a look at the memory whenever one of its losses is asked for. */
function watched(problem: Problem, look: () => void): Problem {
  const looking =
    <A extends unknown[], R>(loss: (...given: A) => R) =>
    (...given: A): R => {
      look();
      return loss(...given);
    };
  const { weighted } = problem;
  return {
    ...problem,
    lower: looking(problem.lower),
    ...(weighted && { weighted: { ...weighted, losses: looking(weighted.losses) } }),
  };
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const mb = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`.padStart(10);
const ms = (value: number) => `${value.toFixed(2)} ms`.padStart(11);

function optionsOf(method: (typeof hypergradientMethods)[number]): HypergradientOptions {
  return method === "neumann" ? { method, stepSize: 0.1 } : { method };
}

async function everyMethod(title: string, shape: Shape, without: readonly string[]): Promise<void> {
  console.log(`\n${title}\n${"method".padEnd(18)}   upper iteration   lower alone     tensors        RSS +`);
  const problem = problemOf(shape);
  for (const method of hypergradientMethods.filter((name) => !without.includes(name))) {
    const { ms: time, lowerMs, tensorBytes, rssBytes } = await cost(problem, shape, optionsOf(method));
    console.log(`${method.padEnd(18)}   ${ms(time).padStart(15)} ${ms(lowerMs)} ${mb(tensorBytes)}   ${mb(rssBytes)}`);
  }
}

/** `darts` by automatic differentiation of the whole lower loss in the weights, as without knowing them to be linear */
async function dotAgainstDarts(): Promise<void> {
  const linear = problemOf(head);
  const { weighted: _, ...generic } = linear;
  const [dot, darts, plain] = [
    await cost(linear, head, { method: "dot" }, { rounds: 40 }),
    await cost(linear, head, { method: "darts" }, { rounds: 40 }),
    await cost(generic, head, { method: "darts" }, { rounds: 40 }),
  ];
  const upper = ({ ms: time, lowerMs }: Cost) => time - lowerMs;
  console.log(
    `\nupper update alone: dot ${ms(upper(dot))}, darts ${ms(upper(darts))}, darts with autodiff ${ms(upper(plain))}; ` +
      `dot is × ${(upper(dot) / upper(plain)).toFixed(2)} of darts with autodiff, whole iterations × ${(dot.ms / plain.ms).toFixed(2)}`,
  );
}

/** From ∇_φ L_upper to the gradient in α, without what all methods share. */
function hypergradientAlone(): void {
  const linear = problemOf(head);
  const params = linear.init(1);
  const [start, columns, values]: [number[], number[], number[]] = [[0], [], []];
  for (let row = 0; row < batch; row++) {
    for (let column = stream.integer(30); column < head.features; column += 1 + stream.integer(30)) {
      columns.push(column);
      values.push(stream.normal());
    }
    start.push(values.length);
  }
  const integers = (list: number[]) => Int32Array.from(list);
  const entries = { start: integers(start), column: integers(columns), value: Float32Array.from(values) };
  const sparse = { ...batchesOf(head).lower(0), input: featureMatrix(batch, head.features, entries) };
  const vector = mapTree((x) => tf.randomNormal(x.shape, 0, 1e-3, "float32", 1), params.phi);
  const time = (method: "dot" | "darts", problem: LowerObjective<StepBatch>) => {
    const point = { problem, ...params, batch: sparse, vector };
    const times = Array.from({ length: 80 }, () => {
      const start = performance.now();
      tf.tidy(() => hypergradient({ method }, point).raw.dataSync());
      return performance.now() - start;
    });
    return median(times.slice(20));
  };
  const [dot, darts, plain] = [time("dot", linear), time("darts", linear), time("darts", { lower: linear.lower })];
  console.log(
    `\nhypergradient alone, text features: dot ${ms(dot)}, darts ${ms(darts)}, darts with autodiff ${ms(plain)}; ` +
      `dot is × ${(dot / plain).toFixed(2)} of darts with autodiff`,
  );
}

async function unrolledMemory(): Promise<void> {
  console.log(`\nunrolled over T${" ".repeat(13)}store, tensors and time     recompute, tensors and time`);
  const problem = problemOf(head);
  for (const unrollSteps of [1, 4, 16, 64]) {
    const parts: string[] = [];
    for (const states of ["store", "recompute"] as const) {
      const own = await cost(problem, head, { method: "unrolled", states }, { unrollSteps, rounds: 4 });
      parts.push(`${mb(own.tensorBytes)} ${ms(own.ms)}`);
    }
    console.log(
      `T = ${String(unrollSteps).padEnd(4)}           ${parts.map((part) => part.padStart(28)).join("    ")}`,
    );
  }
}

async function lazyTable(): Promise<void> {
  console.log("\nrows of a lazy instance table     upper iteration   relative to 1,000 rows");
  let first: number | undefined;
  for (const rows of [1e3, 1e4, 1e5, 1e6]) {
    const problem = problemOf(head, instanceTable({ rows }));
    const { ms: time } = await cost(problem, head, { method: "dot" }, { unrollSteps: 1, rounds: 60, rows });
    first ??= time;
    console.log(
      `${rows.toLocaleString("en").padStart(29)}   ${ms(time).padStart(17)}   × ${(time / first).toFixed(2)}`,
    );
  }
}

async function main(): Promise<void> {
  const { name } = await useBackend();
  console.log(`backend ${name}`);
  await everyMethod(`features ${head.features}, hidden ${head.hidden}, batch ${batch}`, head, ["implicit"]);
  await everyMethod(`features ${tiny.features}, hidden ${tiny.hidden}: with the dense Hessian`, tiny, []);
  await dotAgainstDarts();
  hypergradientAlone();
  await unrolledMemory();
  await lazyTable();
}

void main();
