import { Command, Option } from "commander";
import { useBackend } from "../core/backend.js";
import { aggregations } from "../loss/aggregate.js";
import type { ScoreAggregation } from "../select/aggregateScores.js";
import type { Tie } from "../select/bestOfN.js";
import {
  baselineSelectors,
  oracleSelector,
  outcomeSelector,
  rewardSelectors,
  type Selector,
} from "../select/selectors.js";
import { type Method, methodNames } from "../study/methods.js";
import { defaultStore, openStore } from "../tracker/store.js";
import { integer, integers, list } from "./arguments.js";
import { openQuestions, type QuestionStream } from "./questionStream.js";
import { settled, trainStudy } from "./train.js";
import { type TrainedModels, trainedModels } from "./trainedModels.js";
import type { TrainFlags } from "./trainFlags.js";
import { addTrainOptions } from "./trainOptions.js";

/** What scores the candidates, for `evaluate` and `select`. */
export interface ScoringFlags {
  run?: string[];
  train?: string;
  meta?: string;
  methods?: Method[];
  seeds?: number[];
  trainArgs?: string;
  store?: string;
  aggregationFunction?: ScoreAggregation;
  tie: Tie;
  seed: number;
  by?: "domain" | "generator";
  subsets?: number;
  json?: boolean;
}

export function addScoringOptions(command: Command): Command {
  return command
    .argument("<files...>", "pools of candidates: with step_scores, or in any format of solutions")
    .option("--run <ids>", "score the steps by the models of these runs; runs of one method are its seeds", (text) =>
      text.split(","),
    )
    .option("--train <file>", "instead of --run: train on these rows first …")
    .option("--meta <file>", "… with this meta set")
    .option("--methods <list>", "… by these methods (default: vanilla)", list(methodNames))
    .option("--seeds <list>", "… from these seeds (default: 1,2,3)", integers)
    .option("--train-args <text>", '… and these options of dreamprm train, such as "--reward_model linear"')
    .option("--store <folder>", "folder of runs (default: $DREAMPRM_STORE, or experiments/runs)")
    .addOption(
      new Option(
        "--aggregation_function, --aggregation-function <name>",
        "main aggregation of step scores (default: that of the runs, or logOddsMean)",
      ).choices(aggregations),
    )
    .addOption(
      new Option("--tie <rule>", "which of equal scores wins").choices(["first", "last", "random"]).default("first"),
    )
    .option("--seed <number>", "of all that is drawn at random", integer, 1);
}

/** The questions of the files with all their scores, and every way to choose. */
export async function scoredQuestions(
  files: readonly string[],
  flags: ScoringFlags,
): Promise<QuestionStream & { readonly selectors: Selector[]; readonly main: ScoreAggregation }> {
  const models = await modelsOf(flags);
  const { by, tie, seed, subsets, aggregationFunction } = flags;
  const stream = await openQuestions(files, { ...(models && { models }), ...(by && { by }) });
  const main = aggregationFunction ?? models?.aggregation ?? "logOddsMean";
  const options = { tie, seed, main, ...(subsets !== undefined && { subsets }) };
  const selectors = [
    ...baselineSelectors(options),
    ...(stream.outcomeScores ? [outcomeSelector(options)] : []),
    ...stream.models.flatMap((model) => rewardSelectors(model, options)),
    oracleSelector,
  ];
  return { ...stream, selectors, main };
}

async function modelsOf(flags: ScoringFlags): Promise<TrainedModels | undefined> {
  const { run, train, meta, methods = ["vanilla"], seeds = [1, 2, 3], trainArgs = "", store, json = false } = flags;
  if (train === undefined) {
    const unused = (["meta", "methods", "seeds", "trainArgs"] as const).find((name) => flags[name] !== undefined);
    if (unused) throw new Error(`--${unused === "trainArgs" ? "train-args" : unused} has no effect without --train`);
    if (!run) return undefined;
    await useBackend();
    return trainedModels(await openStore(store ?? defaultStore()), run, json);
  }
  if (run) throw new Error("--run and --train choose the model twice; give one");
  if (meta === undefined) throw new Error("--train needs --meta, solutions whose outcome is known");
  const args = [
    ...["--train_json_file", train, "--meta_json_file", meta, "--group", "evaluate", "--json", "--quiet"],
    ...(store === undefined ? [] : ["--store", store]),
    ...trainArgs.split(/\s+/).filter((arg) => arg !== ""),
  ];
  const command = addTrainOptions(new Command("--train-args")).parse(args, { from: "user" });
  const trained = await trainStudy({ ...settled(command, command.opts<TrainFlags>()), seeds }, methods);
  const ids = trained.outcomes.map((outcome) => outcome.run);
  return trainedModels(trained.store, ids, json);
}
