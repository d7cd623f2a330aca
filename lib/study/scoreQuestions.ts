import * as tf from "@tensorflow/tfjs-core";
import { fromPlain, type PlainParams } from "../core/tree.js";
import { encodeSolutions, prefixes } from "../data/encode.js";
import type { Solution, StepInput } from "../data/types.js";
import type { RewardModel } from "../model/rewardModel.js";
import { scoreSteps } from "../model/score.js";
import type { ScoredQuestion, StepScores } from "../select/candidates.js";
import type { Encoder } from "../text/features.js";

/** A trained PRM; several of one name are its trainings from different seeds. */
export interface TrainedModel {
  readonly name: string;
  readonly prm: RewardModel;
  readonly phi: PlainParams;
}

/**
 * The questions with the step scores, σ of the logits, of every model.
 *
 * @throws Error for a question without text or a candidate without steps
 */
export function scoreQuestions(
  questions: readonly ScoredQuestion[],
  models: readonly TrainedModel[],
  encoder: Encoder,
): ScoredQuestion[] {
  const { features, offsets } = encodeSolutions(questions.flatMap(solutionsOf), encoder);
  const scored = models.map(({ name, prm, phi: plain }) => {
    const phi = fromPlain(plain);
    try {
      return { name, logits: scoreSteps(prm, phi, features) };
    } finally {
      tf.dispose(phi);
    }
  });
  const names = [...new Set(models.map(({ name }) => name))];
  let next = 0;
  return questions.map((question) => {
    const first = next;
    next += question.candidates.length;
    const scoresOf = (logits: Float32Array) =>
      question.candidates.map((_, n) =>
        Array.from(logits.subarray(offsets[first + n], offsets[first + n + 1]), (z) => 1 / (1 + Math.exp(-z))),
      );
    const own = names.map((name): [string, StepScores[]] => [
      name,
      scored.filter((model) => model.name === name).map(({ logits }) => scoresOf(logits)),
    ]);
    return { ...question, scores: { ...question.scores, ...Object.fromEntries(own) } };
  });
}

/** Every step of every candidate, as `scoreQuestions` gives them to the encoder. */
export function stepsOf(questions: readonly ScoredQuestion[]): StepInput[] {
  return questions.flatMap(solutionsOf).flatMap(prefixes);
}

function solutionsOf({ questionId, question, image, candidates }: ScoredQuestion): Solution[] {
  return candidates.map(({ steps, correct }, n) => {
    if (question === undefined || steps === undefined) {
      const missing = question === undefined ? "no text" : `no steps of candidate ${n}`;
      throw new Error(`question ${questionId} has ${missing}, which a model needs to score it`);
    }
    return { id: `${questionId}/${n}`, questionId, question, steps, correct, ...(image !== undefined && { image }) };
  });
}
