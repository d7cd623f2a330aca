import { Command } from "commander";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../core/backend.js";
import { prefixes } from "../data/encode.js";
import { loadTrainSet } from "../data/dreamprm.js";
import { loadPools } from "../data/solutions.js";
import { openRecords } from "../data/files.js";
import type { StepInput } from "../data/types.js";
import { encodeHidden } from "../vlm/hiddenStates.js";
import { availableBytes } from "../vlm/memory.js";
import { refuseBeyondMemory, visionPrm } from "../vlm/visionPrm.js";
import { flag } from "./policyFlags.js";
import { progress } from "./progress.js";
import { addVlmOptions, modelFolder, type VlmFlags, visionPrmOptions } from "./vlmOptions.js";

interface EncodeFlags extends VlmFlags {
  rewardModel: string;
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
  return addVlmOptions(command)
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
      const folder = await modelFolder(flags.rewardModel, flags, quiet);
      const options = visionPrmOptions({ ...flags, tune: "frozen" });
      // the state that a label is read from, or the last token's
      const readout = flags.readout === "logits" ? "hidden" : flags.readout;
      const opened = await visionPrm(folder, { ...options, ...(readout && { readout }) });
      const { book, prm, vision, layout, load, dispose } = opened;
      await book.prepare(inputs);
      const need = refuseBeyondMemory(opened, {
        ...{ training: false, available: availableBytes(), forced: flags.force === true },
      });
      if (!quiet) process.stderr.write(`${need}\n`);
      await load();
      const phi = prm.init(1);
      const bar = progress("encode", inputs.length, { quiet });
      const { longestSide = null, transparency = null } = vision.vision?.processor.source ?? {};
      const source = {
        ...{ model: flags.rewardModel, layout: layout.name },
        images: {
          longestSide: longestSide === Infinity ? null : longestSide,
          transparency,
          ...vision.vision?.processor.geometry,
        },
      };
      const onStep = (done: number) => bar.update(done, {});
      const result = await encodeHidden(inputs, { folder: flags.out, prm, phi, book, source, onStep });
      bar.stop();
      tf.dispose(phi);
      dispose();
      if (flags.json) console.log(JSON.stringify({ ...result, folder: flags.out, size: vision.model.hiddenSize }));
      else console.log(`${result.computed} steps computed, ${result.total} in ${flags.out}`);
    });
}

async function stepsOf(file: string, quiet: boolean): Promise<readonly StepInput[]> {
  const records = await openRecords(file);
  const first = records.first[0] as Record<string, unknown> | undefined;
  await records.close();
  if (first && "accuracy" in first && "add" in first) return (await loadTrainSet(file, { quiet })).samples;
  return (await loadPools(file, { quiet })).flatMap(({ candidates }) => candidates).flatMap(prefixes);
}
