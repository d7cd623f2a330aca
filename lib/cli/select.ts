import { Command } from "commander";
import { writeRows } from "../data/write.js";
import type { ScoredQuestion } from "../select/candidates.js";
import { rewardSelectorName, type Selector } from "../select/selectors.js";
import { addScoringOptions, scoredQuestions, type ScoringFlags } from "./scoringOptions.js";

interface SelectFlags extends ScoringFlags {
  out: string;
  method?: string;
}

export function selectCommand(): Command {
  return addScoringOptions(
    new Command("select").description("write the chosen candidate of every question as JSON lines"),
  )
    .requiredOption("-o, --out <file>", "a .jsonl file; with the ending .gz gzipped")
    .option("--method <name>", 'as evaluate names it, such as "majority" (default: best-of-N by the first model)')
    .option("--json", "print one JSON value")
    .action(async (files: string[], flags: SelectFlags) => {
      const { questions, selectors, models, main } = await scoredQuestions(files, flags);
      const name = flags.method ?? (models.length > 0 ? rewardSelectorName(models[0], main) : "majority");
      const rows = await writeRows(flags.out, chosen(questions(), selectorOf(selectors, name)));
      const report = { file: flags.out, rows, method: name };
      console.log(flags.json ? JSON.stringify(report) : `${flags.out}: ${rows} candidates chosen by ${name}`);
    });
}

function selectorOf(selectors: readonly Selector[], wanted: string): Selector {
  const found = selectors.find(({ name }) => name === wanted);
  if (found) return found;
  throw new Error(`no method "${wanted}"; there are ${selectors.map(({ name }) => name).join(", ")}`);
}

async function* chosen(questions: AsyncIterable<ScoredQuestion>, { name, select }: Selector) {
  for await (const question of questions) {
    const { questionId, subset, candidates, scores } = question;
    const { choice } = select(question, [candidates.length]);
    if (choice === undefined) {
      throw new Error(`${name} does not choose one candidate: it is chance, or of several runs (--run, or --seeds 1)`);
    }
    const { id, correct, steps, answer, generator } = candidates[choice];
    const stepScores = Object.entries(scores).map(([model, runs]) => [model, runs.map((run) => run[choice])]);
    yield {
      ...{ question_id: questionId, subset, candidate: choice, id, generator, answer, correct, steps },
      ...(stepScores.length > 0 && { step_scores: Object.fromEntries(stepScores) as object }),
    };
  }
}
