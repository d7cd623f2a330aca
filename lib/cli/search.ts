import { Command } from "commander";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { finalAnswer } from "../text/answer.js";
import { beamSearch, type SearchResult, type StepScorer } from "../sampling/beamSearch.js";
import { orFailure } from "../sampling/failure.js";
import { inOrder } from "../sampling/inOrder.js";
import type { Judge } from "../sampling/judge.js";
import type { Policy } from "../sampling/policy.js";
import { loadQuestions, type Question } from "../sampling/question.js";
import { toSolvedRow } from "../sampling/solved.js";
import { positiveInteger, wholeNotNegative } from "./arguments.js";
import { addPolicyOptions, flag, type PolicyFlags } from "./policyFlags.js";
import { runJob } from "./policyJob.js";

interface SearchFlags extends PolicyFlags {
  prm: string;
  beams: number;
  expansions: number;
  maxSteps: number;
  lookahead: number;
  imageRoot?: string;
}

/** `dreamprm search` */
export function searchCommand(): Command {
  const command = new Command("search")
    .description("step-level beam search and lookahead with a PRM")
    .argument("<questions>", "as for dreamprm sample")
    .requiredOption(
      "--prm <module>",
      "JavaScript module that exports scoreSteps({ question, image }, steps) → a score for each step",
    )
    .addOption(flag("beams <number>", "partial solutions that live on").argParser(positiveInteger).default(4))
    .addOption(flag("expansions <number>", "next steps drawn from each").argParser(positiveInteger).default(4))
    .addOption(flag("max_steps <number>", "longest solution").argParser(positiveInteger).default(10))
    .addOption(flag("lookahead <number>", "steps drawn greedily before scoring").argParser(wholeNotNegative).default(0))
    .addOption(flag("image_root <folder>", "folder that image paths count from (default: the file's)"));
  return addPolicyOptions(command)
    .addHelpText(
      "after",
      `
Example:
  dreamprm search questions.jsonl --prm prm.mjs --base_url http://localhost:8000/v1 --model qwen3 --temperature 1 \\
      --beams 4 --expansions 4 --lookahead 1 -o found.jsonl

A row is the best solution of a question in the evaluation format, with the whole tree in "tree".`,
    )
    .action(async (file: string, flags: SearchFlags) => {
      const { prm, beams, expansions, maxSteps, lookahead, imageRoot, out } = flags;
      const scoreSteps = await scorerOf(prm);
      const questions = await loadQuestions(file, imageRoot === undefined ? {} : { imageRoot });
      await runJob("search", "search", flags, ({ policy, judge, template }) => {
        const options = { policy, scoreSteps, beams, expansions, maxSteps, lookahead, template };
        const find = (question: Question) =>
          orFailure(question.questionId, async () => {
            return [await foundRow(question, await beamSearch(question, options), policy, judge, path.dirname(out))];
          });
        return {
          total: questions.length,
          settings: { questions: file, prm, beams, expansions, maxSteps, lookahead },
          results: inOrder(questions, policy.concurrency, find),
          row: (row: object) => row,
        };
      });
    });
}

async function foundRow(question: Question, result: SearchResult, policy: Policy, judge: Judge, folder: string) {
  const { best, tree, exhausted } = result;
  if (best === undefined)
    throw new Error(exhausted ? "the budget was used up before the first step" : "the policy wrote no step");
  const answer = finalAnswer(best.steps);
  const solved = {
    ...question,
    id: `${question.questionId}/search`,
    steps: best.steps,
    ...(answer !== undefined && { answer }),
    ...(question.reference !== undefined && { correct: await judge.right(question, answer) }),
    generator: policy.model,
    finish: best.complete ? "stop" : exhausted ? "budget" : "length",
  };
  return { ...toSolvedRow(solved, { folder }), value: best.value, tree };
}

async function scorerOf(file: string): Promise<StepScorer> {
  const module = (await import(pathToFileURL(path.resolve(file)).href).catch((error: Error) => {
    throw new Error(`--prm ${file} cannot be loaded (${error.message})`);
  })) as { scoreSteps?: unknown; default?: { scoreSteps?: unknown } };
  const scoreSteps = module.scoreSteps ?? module.default?.scoreSteps;
  if (typeof scoreSteps !== "function")
    throw new Error(`--prm ${file} exports no function scoreSteps(question, steps)`);
  return scoreSteps as StepScorer;
}
