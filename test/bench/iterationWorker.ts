/**
 * One backend's share of `iteration.ts`: `iterationWorker.ts FOLDER darts|dot sparse|dense` prints a line of JSON.
 * `iterationWorker.ts FOLDER` writes the data there, for all workers.
 */
import * as tf from "@tensorflow/tfjs-core";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { useBackend } from "../../lib/core/backend.js";
import { denseMatrix, type FeatureMatrix } from "../../lib/core/sparse.js";
import { prmBatches } from "../../lib/data/batch.js";
import { encodeSolutions, encodeSteps } from "../../lib/data/encode.js";
import { loadMetaSet } from "../../lib/data/solutions.js";
import { loadTrainSet } from "../../lib/data/dreamprm.js";
import { ensureDemo } from "../../lib/data/synthetic.js";
import { mlpHead } from "../../lib/model/head.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import { denseRows, hashedFeatures } from "../../lib/text/features.js";
import { domainTable } from "../../lib/weighting/domainTable.js";

const [hidden, batchSize, metaBatchSize, unrollSteps, features] = [256, 64, 16, 5, 1536];
const [folder, method, kind] = process.argv.slice(2);

async function encoded() {
  await ensureDemo("data/demo");
  const train = await loadTrainSet("data/demo/train.json");
  const meta = await loadMetaSet("data/demo/meta.json");
  const others = hashedFeatures({ buckets: 1 }).size - 1;
  const encoder = hashedFeatures({ buckets: features - others, cache: join(folder, "cache") });
  const some = { ...train, samples: train.samples.slice(0, 8192) };
  return { domains: train.domains, train: encodeSteps(some, encoder), meta: encodeSolutions(meta.solutions, encoder) };
}

async function write(): Promise<void> {
  const { train, meta, domains } = await encoded();
  const all = (rows: number) => Array.from({ length: rows }, (_, row) => row);
  const arrays = {
    train: denseRows(train.features, all(train.target.length)),
    target: train.target,
    domain: Float32Array.from(train.domain),
    meta: denseRows(meta.features, all(meta.features.rows)),
    offsets: Float32Array.from(meta.offsets),
    label: meta.label,
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, array] of Object.entries(arrays)) writeFileSync(join(folder, `${name}.f32`), array);
  const density = train.features.values.length / train.target.length / features;
  writeFileSync(join(folder, "shape.json"), JSON.stringify({ features, domains: domains.length, density }));
}

async function measure(): Promise<void> {
  const { name } = await useBackend();
  const { train, meta, domains } = await encoded();
  const batches = prmBatches({ train, meta, batchSize, metaBatchSize });
  const dense = <B extends { readonly input: FeatureMatrix }>(batch: B): B => {
    if (kind !== "dense" || batch.input instanceof tf.Tensor) return batch;
    const { rows, columns, start_R, column_E, value_E } = batch.input;
    const [start, column] = [start_R, column_E].map((tensor) => tensor.dataSync<"int32">());
    const input = denseMatrix(rows, columns, { start, column, value: value_E.dataSync<"float32">() });
    tf.dispose([start_R, column_E, value_E]);
    return { ...batch, input };
  };
  const problem = prmProblem({ prm: mlpHead({ features, hidden }), weighting: domainTable(domains) });
  const adamw = { optimizer: { kind: "adamw" } } as const;
  const measured = name === "cpu" ? 20 : 1000;
  const solver = solveBilevel(
    problem,
    { lower: (k) => dense(batches.lower(k)), upper: (k) => dense(batches.upper(k)) },
    {
      iterations: 50 + measured,
      lower: { ...adamw, learningRate: 1e-3 },
      upper: {
        ...adamw,
        learningRate: 1e-2,
        unrollSteps,
        hypergradient: { method: method === "dot" ? "dot" : "darts" },
      },
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

void (method === undefined ? write() : measure());
