import { Command, Option } from "commander";
import { benchmarkTable, gainTable } from "../figures/accuracyTables.js";
import { closeBrowser, exportFigure } from "../figures/render.js";
import { scalingCurves } from "../figures/scalingCurves.js";
import { scoreAggregations } from "../select/aggregateScores.js";
import { evaluatePools } from "../select/evaluatePools.js";
import type { PoolEvaluation } from "../select/poolEvaluation.js";
import { rewardSelectorName } from "../select/selectors.js";
import { positiveInteger } from "./arguments.js";
import { formatEvaluation } from "./formatEvaluation.js";
import { addScoringOptions, scoredQuestions, type ScoringFlags } from "./scoringOptions.js";

interface EvaluateFlags extends ScoringFlags {
  against?: string;
  resamples: number;
  latex?: "benchmarks" | "gain";
  figure?: string;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate").description(
    "choose among each question's candidates in every way and report accuracies: best-of-k, votes, baselines, bounds",
  );
  return addScoringOptions(command)
    .addOption(
      new Option("--by <what>", "subsets: the questions' domains, or each generator's candidates as pools of their own")
        .choices(["domain", "generator"])
        .default("domain"),
    )
    .option("--subsets <number>", "k-subsets that a vote looks at: all where no more, else drawn", positiveInteger, 500)
    .option("--against <method>", "what the others are compared with (default: majority)")
    .option("--resamples <number>", "of the bootstrap over questions", positiveInteger, 1000)
    .addOption(
      new Option("--latex <layout>", "print a LaTeX table: methods × subsets, or the gain over a random candidate")
        .choices(["benchmarks", "gain"]), // prettier-ignore
    )
    .option("--figure <path>", "write accuracy over k as <path>.svg, .pdf and .png")
    .option("--json", "print one JSON value")
    .action(async (files: string[], flags: EvaluateFlags) => {
      const { questions, selectors, models, main } = await scoredQuestions(files, flags);
      const { against, seed, resamples, latex, figure } = flags;
      const compared = against !== undefined && { against };
      const evaluation = await evaluatePools(questions(), { selectors, seed, resamples, ...compared });
      const variants = models.flatMap((model) =>
        scoreAggregations.flatMap((kind) => (kind === main ? [] : [rewardSelectorName(model, kind)])),
      );
      const shown = evaluation.selectors.filter(({ name }) => !variants.includes(name));
      const figures = figure === undefined ? [] : await exportCurves({ ...evaluation, selectors: shown }, figure);
      if (flags.json) console.log(JSON.stringify({ ...evaluation, figures }));
      else if (latex === "benchmarks") console.log(benchmarkTable(shown).trimEnd());
      else if (latex === "gain") console.log(gainTable(shown, { base: "random" }).trimEnd());
      else console.log([formatEvaluation(evaluation, { tie: flags.tie, shown }), ...figures].join("\n"));
    });
}

async function exportCurves({ selectors, ks, bootstrap }: PoolEvaluation, path: string): Promise<string[]> {
  const curves = selectors.filter(({ kind, name }) => kind !== "baseline" || name === "majority");
  const random = selectors.find(({ name }) => name === "random");
  try {
    const figure = scalingCurves({ selectors: curves, ks }, random && { passAt1: random.mean });
    return await exportFigure(figure, path, { provenance: { bootstrap } });
  } finally {
    await closeBrowser();
  }
}
