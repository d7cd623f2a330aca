import * as tf from "@tensorflow/tfjs-core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BilevelState, solveBilevel } from "../../lib/bilevel/engine.js";
import { hypergradient, type HypergradientOptions } from "../../lib/bilevel/hypergradient/hypergradient.js";
import type { BilevelProblem } from "../../lib/bilevel/problem.js";
import { useBackend } from "../../lib/core/backend.js";
import { axpy, dotTree, type Params, scaleTree, tidyTree, valueAndGrads } from "../../lib/core/tree.js";
import { prmBatches, type SolutionBatch, type StepBatch } from "../../lib/data/batch.js";
import { encodeSolutions, encodeSteps } from "../../lib/data/encode.js";
import type { Solution } from "../../lib/data/types.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { numberedRewardModel } from "../../lib/vlm/numberedRewardModel.js";
import { promptEncoder } from "../../lib/vlm/promptBook.js";
import { writeTinyQwen2Vl } from "../../lib/vlm/tiny.js";
import { visionPrm, type VisionPrmOptions } from "../../lib/vlm/visionPrm.js";
import { instanceTable } from "../../lib/weighting/instanceTable.js";
import { expectClose } from "../expectClose.js";
import { tinyImages, tinySolutions, tinyTrainSet } from "./tinyModels.js";

const folder = mkdtempSync(join(tmpdir(), "vlm-hypergradients-"));
let solutions: Solution[];

beforeAll(async () => {
  await useBackend();
  solutions = tinySolutions(await tinyImages(join(folder, "images")));
  const texts = solutions.flatMap(({ question, steps }) => [question, ...steps]);
  const size = { tokens: 280, hidden: 48, layers: 1, visionWidth: 32 };
  await writeTinyQwen2Vl(join(folder, "model"), { texts, ...size });
});
afterAll(() => rmSync(folder, { recursive: true }));

type Problem = BilevelProblem<StepBatch, SolutionBatch>;

/** A weight per row on the tiny model, as the command line trains it, somewhat away from where it starts. */
async function opened(options: VisionPrmOptions) {
  const { prm, book, load, dispose } = await visionPrm(join(folder, "model"), { lora: { rank: 2 }, ...options });
  const train = tinyTrainSet(solutions);
  await book.prepare([...train.samples, ...solutions]);
  const encoder = promptEncoder(book);
  const encoded = { train: encodeSteps(train, encoder), meta: encodeSolutions(solutions, encoder) };
  await load();
  const numbered = numberedRewardModel(prm, book);
  const rows = train.samples.length;
  const problem: Problem = prmProblem({ prm: numbered, weighting: instanceTable({ rows, lazy: false }) });
  const batches = prmBatches({ ...encoded, batchSize: 4, metaBatchSize: 3 });
  const free = () => {
    numbered.dispose();
    dispose();
  };
  return { problem, batches, free };
}

async function point(options: VisionPrmOptions) {
  const { problem, batches, free } = await opened(options);
  const { phi: start, alpha } = problem.init(1);
  const shifted = (x: tf.Tensor, i: number) => tf.add(x, tf.randomNormal(x.shape, 0, 0.02, "float32", i + 1));
  const phi = tidyTree(() => Object.fromEntries(Object.entries(start).map(([name, x], i) => [name, shifted(x, i)])));
  const [batch, meta] = [batches.lower(0), batches.upper(0)];
  const { grads: vector } = valueAndGrads((p) => problem.upper(p, alpha, meta), phi);
  const dispose = () => {
    tf.dispose([start, alpha, phi, batch, meta, vector] as unknown as tf.TensorContainer);
    free();
  };
  const by = (method: HypergradientOptions) => {
    const gradient = hypergradient(method, { problem, phi, alpha, batch, vector });
    const values = Array.from(gradient.raw.dataSync());
    tf.dispose(gradient);
    return values;
  };
  return { problem, phi, alpha, batch, vector, by, dispose };
}

/** [f(φ + εu) − f(φ − εu)] / 2ε */
function difference(phi: Params, u: Params, f: (phi: Params) => Params): Params {
  return tidyTree(() => {
    const epsilon = 3e-3 / Math.sqrt(dotTree(u, u).dataSync()[0]);
    const [plus, minus] = [f(axpy(epsilon, u, phi)), f(axpy(-epsilon, u, phi))];
    return scaleTree(1 / (2 * epsilon), axpy(-1, minus, plus));
  });
}

const kinds: [string, VisionPrmOptions][] = [
  ["whole, logits", { tune: "full", readout: "logits" }],
  ["whole, labels", { tune: "full", readout: "label" }],
  ["LoRA, labels", { tune: "lora", readout: "label" }],
  ["LoRA, hidden states, checkpointing", { tune: "lora", readout: "hidden", checkpointing: true }],
  ["LoRA, logits, micro-batches", { tune: "lora", readout: "logits", microBatch: 2 }],
  ["head alone", { tune: "frozen", readout: "hidden" }],
];

test.each(kinds)("dot is darts without its finite difference: %s", async (_, options) => {
  const { problem, phi, alpha, batch, vector, by, dispose } = await point(options);
  const dot = by({ method: "dot" });
  const scale = Math.max(...dot.map(Math.abs));
  expect(scale).toBeGreaterThan(1e-4);
  expectClose(by({ method: "darts", radius: 3e-3 }), dot, { relative: 0, absolute: 0.01 * scale });
  // −d/dε of ∇_α L_lower(φ + εv, α), which knows nothing of linear weights
  const byAlpha = (p: Params) => valueAndGrads((a) => problem.lower(p, a, batch), alpha).grads;
  const expected = difference(phi, vector, byAlpha);
  expectClose(
    dot,
    Array.from(expected.raw.dataSync(), (x) => -x),
    { relative: 0, absolute: 0.01 * scale },
  );
  tf.dispose(expected);
  dispose();
});

describe("second-order methods", () => {
  test.each([kinds[0], kinds[2]])("use the Hessian of the lower loss: %s", async (_, options) => {
    const { problem, phi, alpha, batch, vector, by, dispose } = await point(options);
    const gradient = (p: Params) => valueAndGrads((q) => problem.lower(q, alpha, batch), p).grads;
    const hessian = difference(phi, vector, gradient);
    const mixed = (u: Params) =>
      tf.tidy(() =>
        Array.from(hypergradient({ method: "dot" }, { problem, phi, alpha, batch, vector: u }).raw.dataSync()),
      );
    const close = (values: number[], expected: number[]) => {
      const scale = Math.max(...expected.map(Math.abs));
      expectClose(values, expected, { relative: 0, absolute: 0.02 * scale });
    };
    // p = s (2I − sH) v
    const s = 0.05;
    const twoTerms = tidyTree(() => scaleTree(s, axpy(-s, hessian, scaleTree(2, vector))));
    close(by({ method: "neumann", terms: 1, stepSize: s }), mixed(twoTerms));
    // one step of conjugate gradients: x = (v·v / v·(H + δI)v) v
    const [along, square] = tf.tidy(() =>
      [dotTree(vector, hessian), dotTree(vector, vector)].map((x) => x.dataSync()[0]),
    );
    const oneStep = tidyTree(() => scaleTree(square / (along + square), vector));
    close(by({ method: "conjugateGradient", iterations: 1, damping: 1 }), mixed(oneStep));
    tf.dispose([hessian, twoTerms, oneStep]);
    dispose();
  });

  test("are refused with checkpointing, naming what they cannot pass", async () => {
    const { by, dispose } = await point(kinds[3][1]);
    expect(() => by({ method: "neumann" })).toThrow(/second-order products cannot pass a custom gradient/);
    dispose();
  });
});

test("sama with plain gradient steps is darts, iteration by iteration", async () => {
  const { problem, batches, free } = await opened({ tune: "lora", readout: "label", microBatch: 2 });
  const trained = async (method: "sama" | "darts"): Promise<BilevelState> => {
    const solver = solveBilevel(problem, batches, {
      iterations: 4,
      lower: { optimizer: { kind: "sgd" }, learningRate: 0.1 },
      upper: { optimizer: { kind: "sgd" }, learningRate: 1, unrollSteps: 2, hypergradient: { method, radius: 0.05 } },
    });
    for await (const _ of solver);
    return solver.state();
  };
  const [sama, darts] = [await trained("sama"), await trained("darts")];
  const moved = darts.alpha.raw.values.map((x) => Math.abs(x - 1));
  expect(Math.max(...moved)).toBeGreaterThan(1e-5);
  expectClose(sama.alpha.raw.values, Array.from(darts.alpha.raw.values), { relative: 1e-6 });
  free();
});
