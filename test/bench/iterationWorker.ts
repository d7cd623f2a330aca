/** One backend's share of `iteration.ts`, with the hypergradient named by the argument: prints a line of JSON. */
import * as tf from "@tensorflow/tfjs-core";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { useBackend } from "../../lib/core/backend.js";
import { random } from "../../lib/core/random.js";
import type { SolutionBatch, StepBatch } from "../../lib/data/batch.js";
import { mlpHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { domainTable } from "../../lib/weighting/domainTable.js";

const method = process.argv[2] === "dot" ? "dot" : "darts";
const [features, hidden, batch, meta, steps, domains, unrollSteps] = [1536, 256, 64, 16, 5, 10, 5];

async function main(): Promise<void> {
  const { name } = await useBackend();
  const stream = random("bench");
  const draw = (size: number) => Float32Array.from({ length: size }, () => stream.normal());
  const [x, xMeta, target, label] = [draw(batch * features), draw(meta * steps * features), draw(batch), draw(meta)];
  const domain = Int32Array.from({ length: batch }, () => stream.integer(domains));
  const lower = (): StepBatch => ({
    input: tf.tensor2d(x, [batch, features]),
    target_B: tf.tensor1d(target.map((t) => (t > 0 ? 0.75 : 0.25))),
    domain_B: tf.tensor1d(domain, "int32"),
    row_B: tf.tensor1d(domain, "int32"),
  });
  const upper = (): SolutionBatch => ({
    input: tf.tensor2d(xMeta, [meta * steps, features]),
    mask_BS: tf.ones([meta, steps]),
    label_B: tf.tensor1d(label.map((l) => (l > 0 ? 1 : 0))),
  });
  const problem = prmProblem({
    prm: mlpHead({ features, hidden }),
    weighting: domainTable(Array.from({ length: domains }, (_, k) => `domain ${k}`)),
  });
  const adamw = { optimizer: { kind: "adamw" } } as const;
  const measured = name === "cpu" ? 20 : 1000;
  const solver = solveBilevel(
    problem,
    { lower, upper },
    {
      iterations: 50 + measured,
      lower: { ...adamw, learningRate: 1e-3 },
      upper: { ...adamw, learningRate: 1e-2, unrollSteps, hypergradient: { method } },
    },
  );
  let [start, before] = [0, 0];
  for await (const { iteration } of solver) {
    if (iteration === 50) [start, before] = [performance.now(), tf.memory().numTensors];
    if (iteration === 50 + measured) {
      const ms = (performance.now() - start) / measured;
      console.log(JSON.stringify({ name, ms, tensors: [before, tf.memory().numTensors] }));
    }
  }
}

void main();
