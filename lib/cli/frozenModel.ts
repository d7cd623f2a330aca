import { join } from "node:path";
import { jsonFile } from "../checkpoint/jsonFile.js";
import { writeParts } from "../core/safetensorsFile.js";
import { visionPrm, type VisionPrm } from "../vlm/visionPrm.js";
import { modelFolder, type VlmFlags, visionPrmOptions } from "./vlmOptions.js";

/** options of what is trained */
const TUNING = ["tune", "loraRank", "loraAlpha", "loraTargets", "startFrom", "gradientCheckpointing"] as const;
export const tuningOptions: ReadonlySet<string> = new Set(TUNING);

/** What hidden states are made with. */
export interface StatesFlags extends Omit<VlmFlags, (typeof TUNING)[number]> {
  rewardModel: string;
}

export interface FrozenModel {
  readonly opened: VisionPrm;
  /** what its states depend on besides the steps */
  readonly source: Readonly<Record<string, unknown>>;
}

/** Opens the model whose hidden states `dreamprm encode` stores. */
export async function frozenModel(flags: StatesFlags, quiet: boolean): Promise<FrozenModel> {
  const frozen: VlmFlags = { ...flags, tune: "frozen" };
  const folder = await modelFolder(flags.rewardModel, frozen, quiet);
  const options = visionPrmOptions(frozen);
  // the state that a label is read from, or the last token's
  const readout = flags.readout === "logits" ? "hidden" : flags.readout;
  const opened = await visionPrm(folder, { ...options, ...(readout && { readout }) });
  const { processor } = opened.vision.vision ?? {};
  const { longestSide = null, transparency = null } = processor?.source ?? {};
  const images = {
    longestSide: longestSide === Infinity ? null : longestSide,
    transparency,
    ...processor?.geometry,
  };
  return { opened, source: { model: flags.rewardModel, layout: opened.layout.name, images } };
}

const FILE = "encode.json";

/** Keeps beside states what they were made with, so that `dreamprm evaluate` can make others. */
export async function keepStatesFlags(folder: string, flags: StatesFlags): Promise<void> {
  await writeParts(join(folder, FILE), [Buffer.from(`${JSON.stringify(flags, null, 2)}\n`)]);
}

/** @throws the given error where nothing says what the states were made with */
export async function statesFlags(folder: string, otherwise: Error): Promise<StatesFlags> {
  const flags = (await jsonFile(join(folder, FILE))) as StatesFlags | undefined;
  if (flags === undefined) throw otherwise;
  return flags;
}
