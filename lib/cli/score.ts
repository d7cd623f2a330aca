import { Command } from "commander";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../core/backend.js";
import { writeParts } from "../core/safetensorsFile.js";
import { prefixes } from "../data/encode.js";
import { loadPools } from "../data/solutions.js";
import type { Solution } from "../data/types.js";
import { unlabelledPools } from "../vlm/unlabelledPools.js";
import { visionPrm, type VisionPrm } from "../vlm/visionPrm.js";
import { flag } from "./policyFlags.js";
import { progress } from "./progress.js";
import {
  addVlmOptions,
  isVlm,
  likeRun,
  loadToScore,
  modelFolder,
  type VlmFlags,
  visionPrmOptions,
} from "./vlmOptions.js";

interface ScoreFlags extends VlmFlags {
  rewardModel?: string;
  out: string;
  json?: boolean;
  quiet?: boolean;
}

/** `dreamprm score` */
export function scoreCommand(): Command {
  const command = new Command("score")
    .description("score every step of solutions with a vision-language PRM")
    .argument(
      "<solutions>",
      "JSON or JSON lines in any format of solutions or candidates, or rows with question and steps or response",
    )
    .addOption(flag("reward_model <name>", "folder, or name on the hub (default: that of the run to start from)"))
    .requiredOption("-o, --out <file>", "what to write, as JSON lines");
  return addVlmOptions(command, new Set(["gradientCheckpointing"]))
    .option("--json", "print one JSON value")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `
Example:
  dreamprm score candidates.json --start_from experiments/runs/ID -o scored.jsonl

From a run come also the options with which its model reads steps. Every question is a row with its candidates and
their step_scores, which dreamprm evaluate reads.`,
    )
    .action(async (file: string, given: ScoreFlags) => {
      const flags = await likeRun(command, given);
      const quiet = flags.quiet === true || flags.json === true;
      await useBackend();
      const pools = (await unlabelledPools(file)) ?? (await loadPools(file, { quiet }));
      const opened = await openForScoring(flags, quiet);
      const solutions = pools.flatMap(({ candidates }) => candidates);
      const rows = await opened.book.add(solutions.flatMap((solution) => prefixes(solution as Solution)));
      await loadToScore(opened, { ...flags, quiet });
      const bar = progress("score", solutions.length, { quiet });
      const scores = scoreAll(opened, solutions, rows, (done) => bar.update(done, {}));
      bar.stop();
      opened.dispose();
      const lines = pools.map(({ candidates, questionId, question, image, domain }) =>
        JSON.stringify({
          ...{ question_id: questionId, question, image_path: image, domain },
          candidates: candidates.map(({ id, correct, steps, answer, generator }) => {
            return { id, correct, steps, answer, generator, step_scores: scores.next().value as number[] };
          }),
        }),
      );
      await writeParts(flags.out, [Buffer.from(lines.map((line) => `${line}\n`).join(""))]);
      const summary = { questions: pools.length, solutions: solutions.length, steps: rows.length, out: flags.out };
      if (flags.json) console.log(JSON.stringify(summary));
      else
        console.log(
          `${summary.solutions} solutions of ${summary.questions} questions, ${summary.steps} steps: ${flags.out}`,
        );
    });
}

/** @throws Error when the model has a head and no φ was given */
async function openForScoring(flags: ScoreFlags, quiet: boolean): Promise<VisionPrm> {
  if (flags.rewardModel === undefined) {
    throw new Error("--reward_model is missing, and --start_from names no run that knows it");
  }
  if (!isVlm({ rewardModel: flags.rewardModel })) {
    throw new Error(`${flags.startFrom} is a head on features: dreamprm evaluate FILE --run RUN scores with it`);
  }
  const folder = await modelFolder(flags.rewardModel, flags, quiet);
  const opened = await visionPrm(folder, visionPrmOptions(flags));
  if (opened.readout !== "label" && flags.startFrom === undefined) {
    throw new Error(`readout "${opened.readout}" needs a trained head: give --start_from, or --readout label`);
  }
  return opened;
}

/** σ of every step's logit, solution by solution. */
function scoreAll(
  { book, prm }: Pick<VisionPrm, "book" | "prm">,
  solutions: readonly Pick<Solution, "steps">[],
  rows: Int32Array,
  onSolution: (done: number) => void,
): IterableIterator<number[]> {
  const phi = prm.init(1);
  const scores: number[][] = [];
  let start = 0;
  for (const { steps } of solutions) {
    const batch = book.batch(rows.subarray(start, start + steps.length));
    start += steps.length;
    scores.push(Array.from(tf.tidy(() => tf.sigmoid(prm.apply(phi, batch)).dataSync())));
    tf.dispose(batch as unknown as tf.TensorContainer);
    onSolution(scores.length);
  }
  tf.dispose(phi);
  return scores.values();
}
