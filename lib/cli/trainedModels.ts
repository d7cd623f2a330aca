import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadTrainSet } from "../data/dreamprm.js";
import { loadMetaSet } from "../data/solutions.js";
import { type Asked, refuseOverlap } from "../data/split.js";
import type { ScoredQuestion } from "../select/candidates.js";
import type { Store } from "../tracker/store.js";
import { type RunModel, runModel, runScorer, type RunScorer } from "./runScorer.js";
import type { TrainFlags } from "./trainFlags.js";
import { isVlm, snake } from "./vlmOptions.js";

/** Reward models that runs have left, ready to score questions. */
export interface TrainedModels extends RunScorer {
  /** methods in order of first appearance; runs of one method are its seeds */
  readonly names: readonly string[];
  readonly aggregation: TrainFlags["aggregationFunction"];
  /** @throws Error naming questions on which a model was trained, or on which its weights or its state were chosen */
  score(questions: readonly ScoredQuestion[]): Promise<ScoredQuestion[]>;
}

/** what runs must share to score together: how steps are read, and how their scores are aggregated */
const shared = [
  ...(["aggregationFunction", "buckets", "hiddenStates", "readout", "tune", "loraTargets"] as const),
  ...(["maxTokens", "maxPatchNum", "imageLongestSide", "earlierLabels", "systemPrompt", "revision"] as const),
] as const;

/**
 * Loads φ of finished runs of `dreamprm train`, and the questions that they have seen.
 *
 * @throws Error for runs without φ, of unlike models or aggregations, or twice of one method and seed
 */
export async function trainedModels(store: Store, ids: readonly string[], quiet: boolean): Promise<TrainedModels> {
  const records = await Promise.all(ids.map((id) => store.read(id)));
  const runs = await Promise.all(
    records.map(({ id, params }) => runModel(id, join(store.folder, id), params as unknown as TrainFlags)),
  );
  runs.forEach((run, i) => runs.slice(0, i).forEach((earlier) => refuseUnlike(earlier, run)));
  const [{ flags }] = runs;
  const seen = await seenQuestions(runs.map((run) => run.flags));
  const scorer = await runScorer(runs, quiet);
  return {
    names: [...new Set(runs.map(({ name }) => name))],
    aggregation: flags.aggregationFunction,
    chunk: scorer.chunk,
    score: async (questions) => {
      refuseOverlap({ ...seen, test: questions.map(({ question = "", ...rest }) => ({ question, ...rest })) });
      return scorer.score(questions);
    },
  };
}

function refuseUnlike(a: RunModel, b: RunModel): void {
  const vlm = isVlm(a.flags) || isVlm(b.flags);
  const unlike = [...shared, ...(vlm ? (["rewardModel"] as const) : [])].find(
    (name) => a.flags[name] !== b.flags[name],
  );
  const why =
    unlike !== undefined
      ? `differ in ${snake(unlike)}`
      : a.name === b.name && a.flags.seed === b.flags.seed && "are one method from one seed";
  if (why) throw new Error(`runs ${a.id} and ${b.id} ${why}; evaluate them one by one`);
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
