import { Command } from "commander";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../core/backend.js";
import { prefixes } from "../data/encode.js";
import { loadTrainSet } from "../data/dreamprm.js";
import { loadMetaSet } from "../data/solutions.js";
import { openRecords } from "../data/files.js";
import type { StepInput } from "../data/types.js";
import { encodeHidden } from "../vlm/hiddenStates.js";
import { frozenModel, keepStatesFlags, type StatesFlags, tuningOptions } from "./frozenModel.js";
import { flag } from "./policyFlags.js";
import { type Progress, progress } from "./progress.js";
import { addVlmOptions, loadToScore } from "./vlmOptions.js";

interface EncodeFlags extends StatesFlags {
  out: string;
  json?: boolean;
  quiet?: boolean;
}

/** `dreamprm encode` */
export function encodeCommand(): Command {
  const command = new Command("encode")
    .description("store the hidden states of all steps once, so that heads on a frozen model train in seconds")
    .argument("<files...>", "training rows, meta, validation and test sets, candidates")
    .addOption(flag("reward_model <name>", "folder, or name on the hub").makeOptionMandatory())
    .requiredOption("-o, --out <folder>", "where the states are kept, also those of other files");
  return addVlmOptions(command, tuningOptions)
    .option("--json", "print one JSON value")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `
Example:
  dreamprm encode train.json meta.json test.json --reward_model Qwen/Qwen2-VL-2B-Instruct -o states
  dreamprm train --hidden_states states --train_json_file train.json --meta_json_file meta.json --test_json_file test.json`,
    )
    .action(async (files: string[], flags: EncodeFlags) => {
      const quiet = flags.quiet === true || flags.json === true;
      await useBackend();
      const inputs = (await Promise.all(files.map((file) => stepsOf(file, quiet)))).flat();
      const { opened, source } = await frozenModel(flags, quiet);
      const { book, prm, vision, dispose } = opened;
      await book.prepare(inputs);
      book.addPrepared(longest(inputs));
      await loadToScore(opened, { ...flags, quiet });
      const phi = prm.init(1);
      let bar: Progress | undefined;
      const onStep = (done: number, total: number) => (bar ??= progress("encode", total, { quiet })).update(done, {});
      const result = await encodeHidden(inputs, { folder: flags.out, prm, phi, book, source, onStep });
      bar?.stop();
      tf.dispose(phi);
      dispose();
      const { out: _out, json: _json, quiet: _quiet, force: _force, ...made } = flags;
      await keepStatesFlags(flags.out, made);
      if (flags.json) console.log(JSON.stringify({ ...result, folder: flags.out, size: vision.model.hiddenSize }));
      else console.log(`${result.computed} steps computed, ${result.total} in ${flags.out}`);
    });
}

/** Some prompts show what all need of memory, and whether any is too long. */
function longest(inputs: readonly StepInput[]): StepInput[] {
  const length = ({ question, steps }: StepInput) => steps.reduce((sum, step) => sum + step.length, question.length);
  return [...inputs].sort((a, b) => length(b) - length(a)).slice(0, 64);
}

async function stepsOf(file: string, quiet: boolean): Promise<readonly StepInput[]> {
  const records = await openRecords(file);
  await records.close();
  const has = (field: string) => records.first.some((row) => typeof row === "object" && row !== null && field in row);
  if (has("accuracy") && has("add")) return (await loadTrainSet(file, { quiet })).samples;
  return (await loadMetaSet(file, { quiet })).solutions.flatMap(prefixes);
}
