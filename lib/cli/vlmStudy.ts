import { Command } from "commander";
import { join } from "node:path";
import type { PlainParams } from "../core/tree.js";
import type { RewardModel } from "../model/rewardModel.js";
import type { StudyData } from "../study/config.js";
import type { Encoder } from "../text/features.js";
import { availableBytes } from "../vlm/memory.js";
import { numberedRewardModel } from "../vlm/numberedRewardModel.js";
import { savePeft } from "../vlm/peft.js";
import { promptEncoder } from "../vlm/promptBook.js";
import { refuseBeyondMemory, visionPrm } from "../vlm/visionPrm.js";
import type { TrainFlags } from "./trainFlags.js";
import { addVlmOptions, isVlm, modelFolder, snake, visionPrmOptions } from "./vlmOptions.js";

/** A vision-language reward model in a study, where heads on features could be. */
export interface VlmStudy {
  readonly prm: RewardModel;
  readonly encoder: Encoder;
  /** once the data are encoded: holds the need of memory against what is free, then reads the weights */
  load(): Promise<void>;
  /** adapters in PEFT's layout, beside φ */
  save(folder: string, phi: PlainParams): Promise<void>;
}

/** Opens `--reward_model` and reads the data's images. */
export async function vlmStudy(flags: TrainFlags, data: StudyData): Promise<VlmStudy> {
  const quiet = flags.quiet === true || flags.json === true;
  const folder = await modelFolder(flags.rewardModel, flags, quiet);
  const opened = await visionPrm(folder, visionPrmOptions(flags));
  const { book, adapters, trained, readout } = opened;
  if (Object.keys(trained).length === 0) {
    throw new Error(`--tune frozen with readout "${readout}" trains nothing: take --tune lora, or another --readout`);
  }
  const { train, meta, validation, test, pools } = data;
  const solutions = [meta, validation, test].flatMap((set) => set?.solutions ?? []);
  await book.prepare(
    [...train.samples, ...solutions, ...(pools ?? [])].flatMap(({ image }) =>
      image === undefined ? [] : [{ question: "", steps: [], image }],
    ),
  );
  return {
    prm: numberedRewardModel(opened.prm, book),
    encoder: promptEncoder(book),
    load: async () => {
      const need = refuseBeyondMemory(opened, {
        training: true,
        sequences: largestBatch(flags, data, opened.layout.wholeSolutions),
        available: availableBytes(),
        forced: flags.force === true,
      });
      if (!quiet) console.log(`${need}; ${book.prompts} prompts of up to ${book.longest} tokens`);
      await opened.load();
    },
    save: async (target, phi) => {
      if (adapters) await savePeft(join(target, "adapters"), phi, adapters, flags.rewardModel);
    },
  };
}

/** Prompts of the larger of both levels' batches. */
function largestBatch(flags: TrainFlags, { train, meta }: StudyData, wholeSolutions: boolean): number {
  const longest = (items: readonly { readonly steps: readonly string[] }[]) =>
    wholeSolutions ? 1 : items.reduce((most, { steps }) => Math.max(most, steps.length), 1);
  const lower = flags.batchSize * (flags.batchUnit === "solution" ? longest(train.samples) : 1);
  return Math.max(lower, meta ? flags.metaBatchSize * longest(meta.solutions) : 0);
}

/** @throws Error naming an option that only the other kind of reward model uses */
export function refuseUnusedOptions(flags: TrainFlags, given: (option: string) => boolean): void {
  const ofVlm = addVlmOptions(new Command()).options.map((option) => option.attributeName());
  const [unused] = (isVlm(flags) ? ["buckets", "hiddenStates"] : ofVlm).filter(given);
  if (unused === undefined) return;
  throw new Error(`--${snake(unused)} has no effect on the reward model ${flags.rewardModel}; leave it out`);
}
