import { existsSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { loadTensors } from "../core/safetensors.js";
import type { PlainParams } from "../core/tree.js";
import type { StepInput } from "../data/types.js";
import type { RewardModel } from "../model/rewardModel.js";
import { checkParameters } from "../model/transformer/parameters.js";
import type { ScoredQuestion } from "../select/candidates.js";
import { scoreQuestions, stepsOf, type TrainedModel } from "../study/scoreQuestions.js";
import { type Encoder, hashedFeatures } from "../text/features.js";
import { hiddenFeatures } from "../vlm/hiddenStates.js";
import { numberedRewardModel } from "../vlm/numberedRewardModel.js";
import { promptEncoder } from "../vlm/promptBook.js";
import { visionPrm, type VisionPrm } from "../vlm/visionPrm.js";
import { frozenModel, type FrozenModel, statesFlags } from "./frozenModel.js";
import { headOf } from "./trainConfig.js";
import type { TrainFlags } from "./trainFlags.js";
import { isVlm, loadToScore, modelFolder, visionPrmOptions } from "./vlmOptions.js";

/** A finished run's φ, and the options that it was trained with. */
export interface RunModel {
  readonly id: string;
  /** its method */
  readonly name: string;
  readonly flags: TrainFlags;
  readonly phi: PlainParams;
  readonly artifacts: string;
}

/** Scores questions with the reward models of runs that read steps alike. */
export interface RunScorer {
  /** questions that are scored at once */
  readonly chunk: number;
  score(questions: readonly ScoredQuestion[]): Promise<ScoredQuestion[]>;
}

/** questions of a chunk: heads are fast, a vision-language model tells of its progress between chunks */
const CHUNK = { head: 128, vlm: 4 };
const SILENCE_MS = 5000;

export async function runScorer(runs: readonly RunModel[], quiet: boolean): Promise<RunScorer> {
  const [{ flags }] = runs;
  if (isVlm(flags)) return vlmScorer(runs, quiet);
  if (flags.hiddenStates !== undefined) return statesScorer(runs, flags.hiddenStates, quiet);
  const encoder = hashedFeatures({ buckets: flags.buckets });
  const models = withHeads(runs, encoder);
  return {
    chunk: CHUNK.head,
    score: (questions) => Promise.resolve(scoreQuestions(questions, models, encoder)),
  };
}

function withHeads(runs: readonly RunModel[], { size }: Encoder): TrainedModel[] {
  return runs.map(({ name, flags, phi }) => ({ name, phi, prm: headOf(flags, size) }));
}

async function vlmScorer(runs: readonly RunModel[], quiet: boolean): Promise<RunScorer> {
  const [{ flags, artifacts }] = runs;
  const { startFrom: _, ...options } = visionPrmOptions(flags);
  const adapters = join(artifacts, "adapters"); // know their rank, whatever they started from
  const opened = await visionPrm(await modelFolder(flags.rewardModel, flags, quiet), {
    ...options,
    ...(existsSync(adapters) && { startFrom: adapters }),
  });
  for (const { id, phi } of runs) checkParameters(phi, opened.trained, `φ of run ${id}`);
  const prm = numberedRewardModel(opened.prm, opened.book);
  const models = runs.map(({ name, phi }) => ({ name, phi, prm }));
  // then φ is all of the model
  const whole = flags.tune === "full" && { load: () => Promise.resolve() };
  return onModel({ ...opened, ...whole }, quiet, (questions, encoder) => scoreQuestions(questions, models, encoder));
}

/** By stored states where the folder has all of them, else by the model that they are of. */
async function statesScorer(runs: readonly RunModel[], folder: string, quiet: boolean): Promise<RunScorer> {
  const stored = await hiddenFeatures(folder);
  const models = withHeads(runs, stored);
  let beyond: RunScorer | undefined;
  return {
    chunk: CHUNK.vlm,
    score: async (questions) => {
      const missing = lackOf(stored, stepsOf(questions));
      if (missing === undefined) return scoreQuestions(questions, models, stored);
      if (beyond === undefined) {
        const flags = await statesFlags(folder, missing);
        if (!quiet) process.stderr.write(`states that ${folder} lacks are computed with ${flags.rewardModel}\n`);
        const frozen = await frozenModel(flags, quiet);
        beyond = onModel(frozen.opened, quiet, (some, encoder) => {
          const onStates = models.map((model) => ({ ...model, prm: onHidden(frozen, model.prm) }));
          return scoreQuestions(some, onStates, encoder);
        });
      }
      return beyond.score(questions);
    },
  };
}

/** Why the stored states do not do. */
function lackOf(stored: Encoder, steps: readonly StepInput[]): Error | undefined {
  try {
    stored.encode(steps);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** A head on the hidden states that a model has of a prompt. */
function onHidden({ opened: { prm, book } }: FrozenModel, head: RewardModel): RewardModel {
  const { represent } = numberedRewardModel(prm, book);
  return {
    init: head.init,
    apply: (phi, input) =>
      tf.tidy(() => {
        const answer = represent?.(prm.init(1), input);
        return head.apply(phi, answer?.hidden_BH as tf.Tensor2D);
      }),
  };
}

/** Scores with an opened model: its images are read, its memory checked and its weights loaded on the way. */
function onModel(
  opened: VisionPrm,
  quiet: boolean,
  score: (questions: readonly ScoredQuestion[], encoder: Encoder) => ScoredQuestion[],
): RunScorer {
  const { book } = opened;
  const encoder = promptEncoder(book);
  let [done, told] = [0, performance.now()];
  return {
    chunk: CHUNK.vlm,
    score: async (questions) => {
      const steps = stepsOf(questions);
      await book.prepare(steps);
      if (done === 0) {
        book.addPrepared(steps);
        await loadToScore(opened, { quiet });
      }
      const scored = score(questions, encoder);
      done += questions.length;
      if (!quiet && performance.now() - told > SILENCE_MS) {
        process.stderr.write(`score  ${done} questions\n`);
        told = performance.now();
      }
      return scored;
    },
  };
}

/**
 * φ of a finished run, and its options.
 *
 * @throws Error when it has none
 */
export async function runModel(
  id: string,
  folder: string,
  { method, ...flags }: TrainFlags & { readonly method?: string },
): Promise<RunModel> {
  const artifacts = join(folder, "artifacts");
  const path = join(artifacts, "phi.safetensors");
  if (method === undefined || !existsSync(path)) {
    throw new Error(`run ${id} has no trained model (${path}); name a finished run of dreamprm train`);
  }
  return { id, name: method, flags, phi: (await loadTensors(path)).tensors, artifacts };
}
