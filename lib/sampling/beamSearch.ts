import { finalAnswer } from "../text/answer.js";
import { answerMarks } from "../text/marks.js";
import { splitSteps } from "../text/steps.js";
import { BudgetError } from "./budget.js";
import type { Policy } from "./policy.js";
import { promptOf, withoutThoughts } from "./prompt.js";
import { problemText, type Question } from "./question.js";
import { defaultTemplate, promptValues, type Template } from "./template.js";

/** A PRM, whichever: the score of each step, in [0, 1], given the question and the steps up to it. */
export type StepScorer = (
  question: { readonly question: string; readonly image?: string },
  steps: readonly string[],
) => readonly number[] | Promise<readonly number[]>;

export interface BeamSearchOptions {
  readonly policy: Policy;
  readonly scoreSteps: StepScorer;
  /** partial solutions that live on after every step; defaults to 4 */
  readonly beams?: number;
  /** next steps drawn from each of them; defaults to 4 */
  readonly expansions?: number;
  /** defaults to 10 */
  readonly maxSteps?: number;
  /** further steps drawn at temperature 0 before a partial solution is scored, 0 for none; defaults to 0 */
  readonly lookahead?: number;
  /** from step scores to the value of a partial solution; defaults to the last, which a PRM gives as the value of the prefix */
  readonly aggregate?: (scores: readonly number[]) => number;
  /** asks for the next step after {steps}; see `defaultTemplates` */
  readonly template?: Template;
}

/** A partial solution. */
export interface SearchNode {
  readonly id: number;
  /** −1 for those of one step */
  readonly parent: number;
  readonly steps: readonly string[];
  /** what it was scored with besides: the steps that lookahead has drawn */
  readonly ahead: readonly string[];
  readonly value: number;
  /** it gives a final answer */
  readonly complete: boolean;
  /** it was among the best of its depth */
  readonly kept: boolean;
}

export interface SearchResult {
  /** all nodes, in the order in which they were made */
  readonly tree: readonly SearchNode[];
  /** the complete solution of the highest value, else the partial one; among equals the first; absent without any */
  readonly best?: SearchNode;
  /** the budget ended before the search */
  readonly exhausted: boolean;
}

/**
 * Step-level beam search: from every living partial solution `expansions` next steps are drawn, scored with the PRM, and the
 * best `beams` live on; complete ones keep their place among the best. With lookahead k, k steps are drawn greedily from each
 * and the value is that of their end (Snell et al., arXiv 2408.03314, §5.1). Equal steps after the same parent are one node.
 *
 * Everything drawn is in the policy's cache, so the same search again costs nothing. When the budget ends, what was found
 * until then comes back.
 *
 * @example
 * const { best } = await beamSearch(question, { policy, scoreSteps: async (_, steps) => steps.map(() => 0.5), beams: 2 });
 */
export async function beamSearch(question: Question, options: BeamSearchOptions): Promise<SearchResult> {
  const { beams = 4, maxSteps = 10 } = options;
  const tree: SearchNode[] = [];
  let living: SearchNode[] = [];
  let exhausted = false;
  for (let depth = 0; depth < maxSteps && (depth === 0 || living.some(({ complete }) => !complete)); depth++) {
    const done = living.filter(({ complete }) => complete);
    const parents = depth === 0 ? [undefined] : living.filter(({ complete }) => !complete);
    const drawn = await withinBudget(Promise.all(parents.map((parent) => expand(question, parent, options))));
    if (drawn === undefined) {
      exhausted = true;
      break;
    }
    const children = drawn.flat().map((node, i) => ({ ...node, id: tree.length + i }));
    living = [...done, ...children].sort((a, b) => b.value - a.value).slice(0, beams);
    const kept = new Set(living.map(({ id }) => id));
    tree.push(...children.map((node) => ({ ...node, kept: kept.has(node.id) })));
  }
  const complete = tree.filter((node) => node.complete);
  const candidates = complete.length > 0 ? complete : living.map(({ id }) => tree[id]);
  const best = candidates.reduce<SearchNode | undefined>(
    (a, b) => (a === undefined || b.value > a.value ? b : a),
    undefined,
  );
  return { tree, ...(best && { best }), exhausted };
}

async function withinBudget<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BudgetError) return undefined;
    throw error;
  }
}

/** The children of a partial solution, or those of none; their ids and places in the beam are not yet known. */
async function expand(
  question: Question,
  parent: SearchNode | undefined,
  options: BeamSearchOptions,
): Promise<SearchNode[]> {
  const { expansions = 4, lookahead = 0, scoreSteps, aggregate = (scores) => scores[scores.length - 1] } = options;
  const before = parent?.steps ?? [];
  const asked = { question: problemText(question), ...(question.image !== undefined && { image: question.image }) };
  const next = new Set(await nextSteps(question, before, { samples: expansions }, options));
  return Promise.all(
    [...next].map(async (step) => {
      const steps = [...before, step];
      let seen: readonly string[] = steps;
      for (let ahead = 0; ahead < lookahead && finalAnswer(seen) === undefined; ahead++) {
        const [further] = await nextSteps(question, seen, { samples: 1, temperature: 0 }, options);
        if (further === undefined) break;
        seen = [...seen, further];
      }
      const scores = await scoreSteps(asked, seen);
      const value = scores.length === seen.length ? aggregate(scores) : NaN;
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `scoreSteps gave ${JSON.stringify(scores)} for ${seen.length} steps; it must give a finite score for each`,
        );
      }
      const ahead = seen.slice(steps.length);
      return {
        id: -1,
        parent: parent?.id ?? -1,
        steps,
        ahead,
        value,
        complete: finalAnswer(steps) !== undefined,
        kept: false,
      };
    }),
  );
}

async function nextSteps(
  question: Question,
  before: readonly string[],
  drawing: { samples: number; temperature?: number },
  { policy, template = defaultTemplate("search") }: BeamSearchOptions,
): Promise<string[]> {
  const values = promptValues(question, before.length > 0 ? before : ["(nothing yet)"]);
  const completions = await policy.complete(promptOf(template.fill(values), question), drawing);
  return completions
    .map(({ text }) => firstStep(withoutThoughts(text), before.length + 1))
    .filter((step) => step !== "");
}

/** Step `number` of a text that may go on beyond it. */
function firstStep(text: string, number: number): string {
  const [own] = text.split(new RegExp(`\\n[#*\\s]*Step\\s+${number + 1}\\b`));
  const answer = answerMarks(own)[0] ?? 0;
  const step = answer > 0 && own.slice(0, answer).trim() !== "" ? own.slice(0, answer) : own;
  return (new RegExp(`^[#*\\s]*Step\\s+${number}\\b`).test(step) ? step : splitSteps(step)[0]).trim();
}
