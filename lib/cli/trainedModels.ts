import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadTensors } from "../core/safetensors.js";
import { loadTrainSet } from "../data/dreamprm.js";
import { loadMetaSet } from "../data/solutions.js";
import { type Asked, refuseOverlap } from "../data/split.js";
import { linearHead, mlpHead } from "../model/head.js";
import type { ScoredQuestion } from "../select/candidates.js";
import { scoreQuestions, type TrainedModel } from "../study/scoreQuestions.js";
import { hashedFeatures } from "../text/features.js";
import type { Store } from "../tracker/store.js";
import type { TrainFlags } from "./trainFlags.js";

/** Reward models that runs have left, ready to score questions. */
export interface TrainedModels {
  /** methods in order of first appearance; runs of one method are its seeds */
  readonly names: readonly string[];
  readonly aggregation: TrainFlags["aggregationFunction"];
  /** @throws Error naming questions on which a model was trained, or on which its weights or its state were chosen */
  score(questions: readonly ScoredQuestion[]): ScoredQuestion[];
}

/**
 * Loads φ of finished runs of `dreamprm train`, and the questions that they have seen.
 *
 * @throws Error for runs without φ, of unlike encodings or aggregations, or twice of one method and seed
 */
export async function trainedModels(store: Store, ids: readonly string[]): Promise<TrainedModels> {
  const runs = await Promise.all(ids.map((id) => trainedRun(store, id)));
  const [{ flags }] = runs;
  const together = (run: Trained, other: Trained): boolean =>
    run.flags.buckets === other.flags.buckets &&
    run.flags.aggregationFunction === other.flags.aggregationFunction &&
    (run.name !== other.name || run.flags.seed !== other.flags.seed);
  runs.forEach((run, i) => {
    const other = runs.slice(0, i).find((earlier) => !together(run, earlier));
    if (!other) return;
    throw new Error(
      `runs ${other.id} and ${run.id} differ in buckets or aggregation, or are one method from one seed; evaluate them one by one`,
    );
  });
  const encoder = hashedFeatures({ buckets: flags.buckets });
  const seen = await seenQuestions(runs.map((run) => run.flags));
  return {
    names: [...new Set(runs.map(({ name }) => name))],
    aggregation: flags.aggregationFunction,
    score: (questions) => {
      refuseOverlap({ ...seen, test: questions.map(({ question = "", ...rest }) => ({ question, ...rest })) });
      return scoreQuestions(questions, runs, encoder);
    },
  };
}

type Trained = TrainedModel & { readonly id: string; readonly flags: TrainFlags };

async function trainedRun(store: Store, wanted: string): Promise<Trained> {
  const { id, params } = await store.read(wanted);
  const { method: name, ...flags } = params as unknown as TrainFlags & { method?: string };
  const path = join(store.folder, id, "artifacts", "phi.safetensors");
  const onText = ["mlp", "linear"].includes(flags.rewardModel) && flags.hiddenStates === undefined;
  if (name === undefined || !onText || !existsSync(path)) {
    const remedy = "name a finished run of dreamprm train, or evaluate the file that dreamprm score writes";
    throw new Error(`run ${id} has no trained head on text features (artifacts/phi.safetensors); ${remedy}`);
  }
  const { size: features } = hashedFeatures({ buckets: flags.buckets });
  const prm = flags.rewardModel === "mlp" ? mlpHead({ features, hidden: flags.mlpDim }) : linearHead({ features });
  return { id, name, flags, prm, phi: (await loadTensors(path)).tensors };
}

/** One item per question of the files that the runs were made with; a file that is gone is told. */
async function seenQuestions(all: readonly TrainFlags[]): Promise<Record<"train" | "meta" | "validation", Asked[]>> {
  const read = async (
    name: "trainJsonFile" | "metaJsonFile" | "validationJsonFile",
    load: (file: string) => Promise<readonly Asked[]>,
  ) => {
    const questions = new Map<string, Asked>();
    for (const file of new Set(all.flatMap((flags) => flags[name] ?? []))) {
      if (!existsSync(file)) console.error(`${file} is gone: whether its questions are evaluated cannot be checked`);
      else for (const item of await load(file)) questions.set(`${item.questionId} ${item.question}`, item);
    }
    return [...questions.values()];
  };
  const solutions = async (file: string) => (await loadMetaSet(file, { quiet: true })).solutions;
  return {
    train: await read("trainJsonFile", async (file) => (await loadTrainSet(file, { quiet: true })).samples),
    meta: await read("metaJsonFile", solutions),
    validation: await read("validationJsonFile", solutions),
  };
}
