/** One run of the study: a PRM trained with learned domain weights, and its scores of the test steps. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { solveBilevel } from "../../lib/bilevel/engine.js";
import { labelTokens } from "../../lib/checkpoint/labelTokens.js";
import { progress } from "../../lib/cli/progress.js";
import type { BackendReport } from "../../lib/core/backend.js";
import { fromPlain, type Params } from "../../lib/core/tree.js";
import type { Solution, TrainSet } from "../../lib/data/types.js";
import { prmProblem } from "../../lib/model/prmProblem.js";
import type { Store } from "../../lib/tracker/store.js";
import { fullBackbone } from "../../lib/vlm/backbone.js";
import { LABELS, labelLayout } from "../../lib/vlm/prompt.js";
import { promptBook } from "../../lib/vlm/promptBook.js";
import { labelToken } from "../../lib/vlm/rewardModels.js";
import type { VisionModel } from "../../lib/vlm/visionModel.js";
import { vlmBatches } from "../../lib/vlm/vlmBatches.js";
import { domainTable } from "../../lib/weighting/domainTable.js";
import { testAuc } from "./compare.js";

export interface PrmRun {
  readonly vision: VisionModel;
  /** after the warm starts */
  readonly phi: Params;
  readonly train: TrainSet;
  readonly meta: readonly Solution[];
  /** as `evidencePairs` makes them */
  readonly test: readonly Solution[];
  readonly version: string;
  readonly seed: number;
  readonly iterations: number;
  /** recorded besides */
  readonly params: object;
  readonly group: string;
  readonly store: Store;
  readonly backend: BackendReport;
  readonly quiet: boolean;
}

/**
 * Lower level: all parameters, on partly wrong labels; upper level: the domains' weights, on steps with true labels.
 *
 * @returns the id of the run, which keeps the test steps and their logits as `test.json` and `scores.json`
 */
export async function trainPrm(job: PrmRun): Promise<string> {
  const { vision, phi, train, meta, test, version, seed, iterations, group, store, backend } = job;
  const name = `${version}, seed ${seed}`;
  const book = promptBook(vision, labelLayout(vision), { microBatch: 64 });
  const [plus, minus] = labelTokens(vision.tokenizer, LABELS);
  const prm = labelToken({ model: vision.model, backbone: fullBackbone(phi), labels: [plus, minus] });
  const problem = prmProblem({ prm, weighting: domainTable(train.domains), lossTarget: "steps" });
  const sizes = { batchSize: 16, metaBatchSize: 16 };
  const batches = await vlmBatches({ book, train, meta, seed, ...sizes });
  const rows = await book.add(test);
  const scored = (params: Params) =>
    Array.from({ length: Math.ceil(rows.length / 64) }, (_, i) => {
      const batch = book.batch(rows.subarray(64 * i, 64 * (i + 1)));
      const logit_B = prm.apply(params, batch);
      const logits = Array.from(logit_B.dataSync());
      tf.dispose([logit_B, batch as unknown as tf.TensorContainer]);
      return logits;
    }).flat();
  const options = {
    iterations,
    seed,
    lower: { optimizer: { kind: "adamw", weightDecay: 0.01 }, learningRate: 2e-4, clip: 1 },
    upper: {
      optimizer: { kind: "adamw", weightDecay: 0 },
      learningRate: 0.05,
      unrollSteps: 5,
      hypergradient: { method: "darts" },
    },
  } as const;
  const params = { ...job.params, ...options, ...sizes, version };
  const run = await store.startRun({ name, group, tags: [version], params, dataFiles: [train.source], backend });
  const bar = progress(name, iterations, { quiet: job.quiet });
  try {
    const solver = solveBilevel(problem, batches, options);
    for await (const it of solver) {
      run.log(it);
      bar.update(it.iteration, { loss: it.lower.weightedLoss });
    }
    const after = fromPlain(solver.state().phi);
    const scores = scored(after);
    tf.dispose(after);
    for (const [file, content] of Object.entries({ "test.json": test, "scores.json": scores })) {
      writeFileSync(join(vision.folder, file), JSON.stringify(content));
      await run.artifact(join(vision.folder, file));
    }
    await run.finish({ auc: testAuc(test, scores), startAuc: testAuc(test, scored(phi)) });
    return run.id;
  } catch (error) {
    await run.fail(error);
    throw error;
  } finally {
    bar.stop();
  }
}
