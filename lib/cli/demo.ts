import { Command } from "commander";
import { join, relative } from "node:path";
import { ensureDemo, loadPlantedQuality } from "../data/synthetic.js";
import { alphaAgainstQuality, alphaOverTime, barsWithSpread, trainingCurves } from "../figures/figures.js";
import { closeBrowser, exportFigures } from "../figures/render.js";
import type { Figure } from "../figures/types.js";
import { projectRoot } from "../tracker/environment.js";
import type { Method } from "../study/methods.js";
import type { Outcome } from "../study/trainRun.js";
import type { Store } from "../tracker/store.js";
import { formatReport } from "./formatReport.js";
import { trainStudy } from "./train.js";
import type { TrainFlags } from "./trainFlags.js";
import { addTrainOptions } from "./trainOptions.js";

const root = () => projectRoot(process.cwd()) ?? process.cwd();

/** Where the demo data lives. */
export const demoFolder = () => join(root(), "data", "demo");

/** `npm start`: the main job on the demo data, from three seeds, with its figures. */
export function demoCommand(): Command {
  return new Command("demo")
    .description(
      "the main job on the demo data: vanilla, learned domain weights and clean labels, three seeds, figures",
    )
    .option("--json", "print one JSON value")
    .option("--quiet", "no progress")
    .action(async (options: { json?: boolean; quiet?: boolean }) => {
      const folder = demoFolder();
      await ensureDemo(folder);
      const args = demoArguments(relative(process.cwd(), folder));
      if (!options.json) console.log(`dreamprm train ${args.join(" ")}`);
      const flags = addTrainOptions(new Command()).parse(args, { from: "user" }).opts<TrainFlags>();
      const { report, outcomes, store } = await trainStudy({ ...flags, ...options }, methods);
      const quality = await loadPlantedQuality(join(folder, "truth.json"));
      const figures = await exportDemoFigures(outcomes, store, quality);
      if (options.json) console.log(JSON.stringify({ ...report, figures }));
      else console.log([formatReport(report), "figures:", ...figures.map((file) => `  ${file}`)].join("\n"));
    });
}

/**
 * The recipe. A linear head cannot learn to distrust a domain by itself, so bad labels and good ones disagree about the
 * same parameters, and the weights have something to decide. The score of the last step is what an outcome labels.
 */
const recipe = [
  ...["--reward_model", "linear", "--aggregation_function", "last", "--iteration_num", "2000", "--lr", "0.03"],
  ...["--meta_lr", "0.07", "--meta_batch_size", "128", "--unroll_steps", "2", "--warmup_iterations", "200"],
];

/** The arguments of `dreamprm train` that do what `dreamprm demo` does. */
function demoArguments(folder: string): string[] {
  const files = {
    train_json_file: "train.json",
    meta_json_file: "meta.json",
    test_json_file: "test.json",
    candidates_json_file: "candidates.json",
    quality_json_file: "truth.json",
  };
  const data = Object.entries(files).flatMap(([option, file]) => [`--${option}`, join(folder, file)]);
  return [...data, "--methods", methods.join(","), "--seeds", "1,2,3", "--group", "demo", ...recipe];
}

const methods: Method[] = ["vanilla", "domain-table", "clean-labels"];

async function exportDemoFigures(
  outcomes: readonly Outcome[],
  store: Store,
  quality: Readonly<Record<string, number>>,
): Promise<string[]> {
  const weighted = outcomes.filter(({ weights }) => weights !== undefined);
  const names = Object.keys(weighted[0].weights ?? {});
  const record = await store.read(weighted[0].run);
  const losses = await Promise.all(weighted.map(async ({ run }) => (await store.read(run)).series("upper.loss")));
  const figures: Record<string, Figure> = {
    "weights-over-time": alphaOverTime(await record.weights(), { against: quality, xLabel: "iteration" }),
    "weights-against-quality": alphaAgainstQuality({
      names,
      weights: weighted.map(({ weights }) => names.map((name) => (weights ?? {})[name])),
      quality,
    }),
    "best-of-8": barsWithSpread(
      [...new Set(outcomes.map(({ method }) => method))].map((method) => ({
        name: method,
        values: outcomes.flatMap((o) => (o.method === method && o.bestOfN !== undefined ? [o.bestOfN] : [])),
      })),
      { yLabel: "best-of-8 accuracy" },
    ),
    "meta-loss": trainingCurves(
      losses.map((points) => ({
        name: "meta loss",
        step: points.map(({ step }) => step),
        value: points.map(({ value }) => value),
      })),
      { yLabel: "meta loss" },
    ),
  };
  const folder = join(root(), "experiments", "figures");
  try {
    return await exportFigures(figures, folder, { provenance: { runs: outcomes.map(({ run }) => run) } });
  } finally {
    await closeBrowser();
  }
}
