import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { resolveModel } from "../checkpoint/hub.js";
import { openStore } from "../tracker/store.js";
import { availableBytes } from "../vlm/memory.js";
import {
  readouts,
  type Readout,
  refuseBeyondMemory,
  tunings,
  type Tuning,
  type VisionPrm,
  type VisionPrmOptions,
} from "../vlm/visionPrm.js";
import { positive, positiveInteger } from "./arguments.js";
import { flag } from "./policyFlags.js";

/** What commands with a vision-language reward model take of it, after parsing. */
export interface VlmFlags {
  readout?: Readout;
  tune: Tuning;
  loraRank?: number;
  loraAlpha?: number;
  loraTargets?: string;
  gradientCheckpointing?: boolean;
  microBatchSize?: number;
  maxTokens?: number;
  maxPatchNum: number;
  imageLongestSide?: number;
  imageCache?: string;
  earlierLabels: "plus" | "given";
  systemPrompt?: string;
  startFrom?: string;
  revision?: string;
  offline?: boolean;
  force?: boolean;
}

/** Adds the options to a command, but for those in `without`. */
export function addVlmOptions(command: Command, without: ReadonlySet<string> = new Set()): Command {
  const add = (option: Option) => void (without.has(option.attributeName()) || command.addOption(option));
  const number = (names: string, description: string, check: (text: string) => number, value?: number) => {
    const option = flag(`${names} <number>`, description).argParser(check);
    add(value === undefined ? option : option.default(value));
  };
  const choice = (names: string, description: string, choices: readonly string[], value?: string) => {
    const option = flag(`${names} <name>`, description).choices(choices);
    add(value === undefined ? option : option.default(value));
  };
  choice(
    "readout",
    "logit from the last token's logits, its hidden state, or the label + or - (default: the model's)",
    readouts,
  );
  choice("tune", "what is trained besides the head", tunings, "lora");
  number("lora_rank", "of LoRA", positiveInteger, 16);
  number("lora_alpha", "of LoRA (default: twice the rank)", positive);
  add(flag("lora_targets <list>", "ends of names, separated by commas, or one regular expression in /…/"));
  add(flag("gradient_checkpointing", "compute layers again for the gradient instead of keeping them"));
  number("micro_batch_size", "prompts whose activations are kept at once (default: all of a batch)", positiveInteger);
  number("max_tokens", "longest prompt (default: what the model takes)", positiveInteger);
  number("max_patch_num", "tiles per image of InternVL", positiveInteger, 6);
  number("image_longest_side", "longer images are shrunk to so many pixels (default: as they are)", positiveInteger);
  add(flag("image_cache <folder>", "where images' tiles are kept (default: in memory)"));
  choice("earlier_labels", "what stands after earlier steps in prompts with labels", ["plus", "given"], "plus");
  add(flag("system_prompt <text>", "of prompts with labels (default: the chat template's)"));
  add(flag("start_from <path>", "phi.safetensors, a run's folder or adapters in PEFT's layout to start from"));
  add(flag("revision <name>", "branch, tag or commit of the model on the hub"));
  add(new Option("--offline", "ask no hub"));
  add(new Option("--force", "also beyond the memory that is free"));
  return command;
}

/** The reward model is a checkpoint, not a head on features. */
export const isVlm = ({ rewardModel }: { readonly rewardModel: string }): boolean =>
  !["mlp", "linear"].includes(rewardModel);

/** An option's name on the command line, without dashes. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** how a model reads steps, which must be in use as it was in training */
const READING = [
  ...(["rewardModel", "revision", "readout", "tune", "loraRank", "loraAlpha", "loraTargets", "maxTokens"] as const),
  ...(["maxPatchNum", "imageLongestSide", "earlierLabels", "systemPrompt"] as const),
];

/** The flags with those of the run that `--start_from` names, where the command line gives none. */
export async function likeRun<F extends VlmFlags & { rewardModel?: string }>(command: Command, flags: F): Promise<F> {
  const folder = flags.startFrom === undefined ? undefined : resolve(flags.startFrom);
  if (folder === undefined || !existsSync(join(folder, "run.json"))) return flags;
  const store = await openStore(dirname(folder), { readOnly: true });
  const { params } = await store.read(basename(folder));
  const taken = READING.filter((name) => name in params && command.getOptionValueSource(name) !== "cli");
  return { ...flags, ...Object.fromEntries(taken.map((name) => [name, params[name]])) };
}

/** Refuses other arithmetic than float32, saying why. */
export function precision(text: string): string {
  if (text === "fp32") return text;
  if (text === "bf16" || text === "fp16") {
    throw new InvalidArgumentError(
      "No backend of TensorFlow.js computes in half precision: weights in bf16 are read as they are and computed with in fp32.",
    );
  }
  throw new InvalidArgumentError("It must be fp32.");
}

/** The folder of `--reward_model`, downloaded where it is a name on the hub. */
export async function modelFolder(name: string, { revision, offline }: VlmFlags, quiet: boolean): Promise<string> {
  let shown = -1;
  const { folder, commit, fromCache } = await resolveModel(name, {
    ...(revision !== undefined && { revision }),
    ...(offline !== undefined && { offline }),
    onProgress: ({ file, receivedBytes, totalBytes }) => {
      const tenth = Math.floor((10 * receivedBytes) / totalBytes);
      if (!quiet && tenth > shown) process.stderr.write(`${name}  ${10 * (shown = tenth)} %  ${file}\n`);
    },
  });
  if (!quiet && commit !== undefined) {
    process.stderr.write(
      `${name} is commit ${commit}${fromCache === undefined ? "" : ` from the cache (${fromCache})`}\n`,
    );
  }
  return folder;
}

/** Holds what scoring needs of memory for the prompts in the book against what is free, then reads the weights. */
export async function loadToScore(opened: VisionPrm, { force = false, quiet }: { force?: boolean; quiet: boolean }) {
  const need = refuseBeyondMemory(opened, { training: false, available: availableBytes(), forced: force });
  if (!quiet) process.stderr.write(`${need}\n`);
  await opened.load();
}

/** The options of the library, from the command line's. */
export function visionPrmOptions(flags: VlmFlags): VisionPrmOptions {
  const { loraRank: rank, loraAlpha, loraTargets: targets } = flags;
  const pattern = targets?.startsWith("/") ? targets.replace(/^\/|\/$/g, "") : targets?.split(",");
  const lora = {
    ...(rank !== undefined && { rank }),
    ...(loraAlpha !== undefined && { alpha: loraAlpha }),
    ...(pattern && { targets: pattern }),
  };
  const given = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value });
  return {
    tune: flags.tune,
    lora,
    maxTiles: flags.maxPatchNum,
    earlierLabels: flags.earlierLabels,
    checkpointing: flags.gradientCheckpointing === true,
    ...given("readout", flags.readout),
    ...given("microBatch", flags.microBatchSize),
    ...given("maxTokens", flags.maxTokens),
    ...given("longestSide", flags.imageLongestSide),
    ...given("imageFolder", flags.imageCache),
    ...given("system", flags.systemPrompt),
    ...given("startFrom", flags.startFrom),
  };
}
