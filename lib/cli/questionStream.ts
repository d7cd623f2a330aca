import { loadPools } from "../data/solutions.js";
import { byGenerator, questionOf, type ScoredQuestion } from "../select/candidates.js";
import { GIVEN, openScoredPools } from "../select/scoredPools.js";
import type { TrainedModels } from "./trainedModels.js";

/** The questions of several files, one after the other, with what their first rows promise. */
export interface QuestionStream {
  /** reward models whose step scores every question has */
  readonly models: readonly string[];
  /** candidates have scores of whole solutions */
  readonly outcomeScores: boolean;
  readonly questions: () => AsyncGenerator<ScoredQuestion>;
}

/**
 * Opens pools: with given step scores (see `openScoredPools`, streamed), or in any format that `loadPools` reads.
 *
 * @param options.models  also score the steps with these
 * @param options.by      "generator": each generator's candidates are a pool of their own
 * @throws Error when only some of the files have step scores
 */
export async function openQuestions(
  files: readonly string[],
  { models, by }: { models?: TrainedModels; by?: "domain" | "generator" },
): Promise<QuestionStream> {
  const opened: { given: { stepScores: boolean; outcomeScores: boolean }; questions(): Questions }[] = [];
  for (const file of files) {
    const scored = await openScoredPools(file);
    if (scored !== undefined) opened.push(scored);
    else {
      const pools = (await loadPools(file, { quiet: true })).map(questionOf);
      opened.push({ given: { stepScores: false, outcomeScores: false }, questions: () => pools });
    }
  }
  const all = (field: "stepScores" | "outcomeScores"): boolean => {
    const [first] = opened;
    const other = opened.findIndex(({ given }) => given[field] !== first.given[field]);
    if (other > 0) {
      const what = field === "stepScores" ? "step_scores" : "scores of whole solutions";
      throw new Error(`only one of ${files[0]} and ${files[other]} has ${what}; evaluate them one by one`);
    }
    return first.given[field];
  };
  const given = all("stepScores");
  return {
    models: [...(given ? [GIVEN] : []), ...(models?.names ?? [])],
    outcomeScores: all("outcomeScores"),
    async *questions() {
      const seen = new Set<string>();
      for (const [i, file] of opened.entries()) {
        for await (const question of models ? scoredBy(models, file.questions()) : file.questions()) {
          if (seen.has(question.questionId)) {
            throw new Error(`${files[i]}: question ${question.questionId} occurs in an earlier file, or twice`);
          }
          seen.add(question.questionId);
          if (by === "generator") yield* byGenerator(question);
          else yield question;
        }
      }
    },
  };
}

type Questions = AsyncIterable<ScoredQuestion> | Iterable<ScoredQuestion>;

async function* scoredBy(models: TrainedModels, questions: Questions): AsyncGenerator<ScoredQuestion> {
  let chunk: ScoredQuestion[] = [];
  for await (const question of questions) {
    chunk.push(question);
    if (chunk.length < models.chunk) continue;
    yield* await models.score(chunk);
    chunk = [];
  }
  if (chunk.length > 0) yield* await models.score(chunk);
}
