import type { Pool } from "../data/types.js";

/** One of the answers to a question, and what is known of it. */
export interface Candidate {
  readonly id?: string;
  readonly correct: boolean;
  /** a solution without steps is one step */
  readonly steps?: readonly string[];
  /** the final answer, which votes count */
  readonly answer?: string;
  /** the model that wrote it */
  readonly generator?: string;
  /** by a model that scores whole solutions */
  readonly outcomeScore?: number;
}

/** Step scores in [0, 1] of one question by one training: [candidates][steps]. */
export type StepScores = readonly (readonly number[])[];

/** A question with its candidates and what reward models say of their steps. */
export interface ScoredQuestion {
  readonly questionId: string;
  readonly question?: string;
  readonly image?: string;
  /** what results are told by: domain, subject, generator … */
  readonly subset?: string;
  readonly candidates: readonly Candidate[];
  /** by reward model; one entry per training of it, such as seeds */
  readonly scores: Readonly<Record<string, readonly StepScores[]>>;
}

/** Pools of solutions, each with its domain as subset, before anything has scored them. */
export function questionOf({ domain, ...pool }: Pool): ScoredQuestion {
  return { ...pool, ...(domain !== undefined && { subset: domain }), scores: {} };
}

/** One question per generator with only its candidates, the generator as subset. */
export function byGenerator(question: ScoredQuestion): ScoredQuestion[] {
  const { candidates, scores } = question;
  const generators = [...new Set(candidates.map(({ generator }) => generator))];
  return generators.map((generator) => {
    const own = <T>(all: readonly T[]) => all.filter((_, n) => candidates[n].generator === generator);
    return {
      ...question,
      subset: generator ?? "unknown",
      candidates: own(candidates),
      scores: Object.fromEntries(Object.entries(scores).map(([name, runs]) => [name, runs.map((run) => own(run))])),
    };
  });
}
