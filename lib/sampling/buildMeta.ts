import { random } from "../core/random.js";
import { DataError } from "../data/dataError.js";
import { type Asked, refuseOverlap, splitByQuestion } from "../data/split.js";
import type { Solution } from "../data/types.js";
import type { Judge } from "./judge.js";
import { problemText } from "./question.js";
import type { Solved } from "./solved.js";

export interface BuildMetaOptions {
  /** defaults to what the solutions say of themselves */
  readonly judge?: Judge;
  /** of the questions, by part, with sum 1; defaults to all in the meta set */
  readonly fractions?: Readonly<Partial<Record<MetaPart, number>>>;
  readonly seed: number;
  /** as many right as wrong solutions in every domain of the meta set; defaults to true */
  readonly balance?: boolean;
  /** questions that must not occur, such as those of the training set */
  readonly exclude?: Readonly<Partial<Record<"train" | "test", readonly Asked[]>>>;
}

export type MetaPart = "meta" | "validation" | "test";

/** A meta set with the parts that were split off, and what became of the solutions. */
export interface BuiltMeta {
  readonly meta: readonly Solution[];
  readonly validation: readonly Solution[];
  readonly test: readonly Solution[];
  /** right and wrong solutions of the meta part by domain, before balancing, and how many of each were kept */
  readonly domains: readonly {
    readonly domain: string;
    readonly right: number;
    readonly wrong: number;
    readonly kept?: number;
  }[];
  /** cut off by the token limit or refused: not what the policy would have answered */
  readonly unfinished: number;
}

/**
 * A meta set from sampled solutions: judged by the ground truth, split by question, balanced between right and wrong within
 * every domain (a seeded choice among those that are more). Parts other than meta keep their natural shares. Solutions
 * that ended unfinished are left out.
 *
 * @throws DataError when no domain has both right and wrong solutions; Error naming questions that are excluded
 */
export async function buildMeta(solved: readonly Solved[], options: BuildMetaOptions): Promise<BuiltMeta> {
  const { judge, seed, balance = true, exclude = {} } = options;
  const { meta: metaShare = 1, validation: validationShare = 0, test: testShare = 0 } = options.fractions ?? {};
  const finished = solved.filter(({ finish }) => finish === "stop");
  const solutions = await Promise.all(finished.map((item) => solutionOf(item, judge)));
  refuseOverlap({ meta: solutions, ...exclude });
  const fractions = { meta: metaShare, validation: validationShare, test: testShare };
  const parts = splitByQuestion<Solution, MetaPart>(solutions, { fractions, seed });
  const { kept, domains } = balance ? balanced(parts.meta, seed) : { kept: parts.meta, domains: counts(parts.meta) };
  if (kept.length === 0) {
    throw new DataError(
      "no domain of the meta part has both right and wrong solutions; sample more questions, or do without balance",
    );
  }
  return { ...parts, meta: kept, domains, unfinished: solved.length - finished.length };
}

async function solutionOf(solved: Solved, judge: Judge | undefined): Promise<Solution> {
  const { options: _options, reference: _reference, finish: _finish, ...rest } = solved;
  const correct = judge ? await judge.right(solved, solved.answer) : solved.correct;
  if (correct === undefined) {
    throw new DataError(
      `solution ${solved.id} has no final_answer_correct; compare it with its ground truth (--match)`,
    );
  }
  return { ...rest, question: problemText(solved), correct };
}

function counts(solutions: readonly Solution[]) {
  const domains = [...new Set(solutions.map(({ domain = "" }) => domain))];
  return domains.map((domain) => {
    const own = solutions.filter((solution) => (solution.domain ?? "") === domain);
    const right = own.filter(({ correct }) => correct).length;
    return { domain, right, wrong: own.length - right };
  });
}

function balanced(solutions: readonly Solution[], seed: number) {
  const domains = counts(solutions).map((count) => ({ ...count, kept: Math.min(count.right, count.wrong) }));
  const chosen = new Set<Solution>();
  for (const { domain, kept } of domains) {
    for (const outcome of [true, false]) {
      const own = solutions.filter((item) => (item.domain ?? "") === domain && item.correct === outcome);
      const order = random(seed).fork(`balance ${domain} ${outcome}`).shuffle(own);
      for (const item of order.slice(0, kept)) chosen.add(item);
    }
  }
  return { kept: solutions.filter((item) => chosen.has(item)), domains };
}
