import { type Command, InvalidArgumentError, Option } from "commander";
import { resolveModel } from "../checkpoint/hub.js";
import { readouts, type Readout, tunings, type Tuning, type VisionPrmOptions } from "../vlm/visionPrm.js";
import { positive, positiveInteger } from "./arguments.js";
import { flag } from "./policyFlags.js";

/** What commands with a vision-language reward model take of it, after parsing. */
export interface VlmFlags {
  readout?: Readout;
  tune: Tuning;
  loraRank: number;
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

export function addVlmOptions(command: Command): Command {
  const number = (names: string, description: string, check: (text: string) => number, value?: number) => {
    const option = flag(`${names} <number>`, description).argParser(check);
    command.addOption(value === undefined ? option : option.default(value));
  };
  const choice = (names: string, description: string, choices: readonly string[], value?: string) => {
    const option = flag(`${names} <name>`, description).choices(choices);
    command.addOption(value === undefined ? option : option.default(value));
  };
  choice(
    "readout",
    "logit from the last token's logits, its hidden state, or the label + or - (default: the model's)",
    readouts,
  );
  choice("tune", "what is trained besides the head", tunings, "lora");
  number("lora_rank", "of LoRA", positiveInteger, 16);
  number("lora_alpha", "of LoRA (default: twice the rank)", positive);
  command.addOption(
    flag("lora_targets <list>", "ends of names, separated by commas, or one regular expression in /…/"),
  );
  command.addOption(flag("gradient_checkpointing", "compute layers again for the gradient instead of keeping them"));
  number("micro_batch_size", "prompts whose activations are kept at once (default: all of a batch)", positiveInteger);
  number("max_tokens", "longest prompt (default: what the model takes)", positiveInteger);
  number("max_patch_num", "tiles per image of InternVL", positiveInteger, 6);
  number("image_longest_side", "longer images are shrunk to so many pixels (default: as they are)", positiveInteger);
  command.addOption(flag("image_cache <folder>", "where images' tiles are kept (default: in memory)"));
  choice("earlier_labels", "what stands after earlier steps in prompts with labels", ["plus", "given"], "plus");
  command.addOption(flag("system_prompt <text>", "of prompts with labels (default: the chat template's)"));
  command.addOption(
    flag("start_from <path>", "phi.safetensors, a run's folder or adapters in PEFT's layout to start from"),
  );
  command.addOption(flag("revision <name>", "branch, tag or commit of the model on the hub"));
  command.addOption(new Option("--offline", "ask no hub"));
  return command.addOption(new Option("--force", "also beyond the memory that is free"));
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

/** The options of the library, from the command line's. */
export function visionPrmOptions(flags: VlmFlags): VisionPrmOptions {
  const { loraRank: rank, loraAlpha, loraTargets: targets } = flags;
  const pattern = targets?.startsWith("/") ? targets.replace(/^\/|\/$/g, "") : targets?.split(",");
  const lora = { rank, ...(loraAlpha !== undefined && { alpha: loraAlpha }), ...(pattern && { targets: pattern }) };
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
