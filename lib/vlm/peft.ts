/** Adapters in the layout of Hugging Face's PEFT, with the reward head beside them. */
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { openCheckpoint } from "../checkpoint/checkpoint.js";
import { jsonFile } from "../checkpoint/jsonFile.js";
import { loadParams } from "../checkpoint/loadParams.js";
import { parseOptions } from "../core/check.js";
import { loadTensors, saveTensors } from "../core/safetensors.js";
import { writeParts } from "../core/safetensorsFile.js";
import { fromPlain, type Params, type PlainParams } from "../core/tree.js";
import { type Lora, lora, type LoraOptions } from "./lora.js";
import type { VisionModel } from "./visionModel.js";

const ADAPTERS = "adapter_model.safetensors";
const CONFIG = "adapter_config.json";
/** not among the adapters: PEFT would look for such a module in the model */
const HEAD = "reward_head.safetensors";
const PREFIX = "base_model.model.";

const isAdapter = (name: string) => /\.lora_[AB]\.weight$/.test(name);

const config = z.looseObject({
  peft_type: z.literal("LORA", { error: "only LORA is supported" }),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.union([z.string(), z.array(z.string())]),
  bias: z.literal("none", { error: 'only "none" is supported' }).default("none"),
  use_dora: z.literal(false, { error: "DoRA is not supported" }).default(false),
  use_rslora: z.literal(false, { error: "rank-stabilised scaling is not supported" }).default(false),
  rank_pattern: z.record(z.string(), z.int()).optional().refine(isEmpty, "ranks of single modules are not supported"),
  alpha_pattern: z
    .record(z.string(), z.number())
    .optional()
    .refine(isEmpty, "alphas of single modules are not supported"),
});

function isEmpty(record: object | undefined): boolean {
  return Object.keys(record ?? {}).length === 0;
}

/**
 * Writes `adapter_model.safetensors` and `adapter_config.json` as PEFT does, and φ's other tensors, the reward head, into
 * `reward_head.safetensors`.
 *
 * @param phi   φ of a model with adapters
 * @param base  name of the model that they belong to
 */
export async function savePeft(
  folder: string,
  phi: PlainParams,
  { rank, alpha, targets }: Lora,
  base: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = Object.entries(phi);
  const adapters = entries.filter(([name]) => isAdapter(name)).map(([name, x]) => [PREFIX + name, x] as const);
  const head = entries.filter(([name]) => !isAdapter(name));
  await saveTensors(path.join(folder, ADAPTERS), Object.fromEntries(adapters), { format: "pt" });
  if (head.length > 0) await saveTensors(path.join(folder, HEAD), Object.fromEntries(head), { format: "pt" });
  const settings = {
    peft_type: "LORA",
    task_type: null,
    base_model_name_or_path: base,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    target_modules: targets,
    bias: "none",
    fan_in_fan_out: false,
    init_lora_weights: true,
    modules_to_save: null,
  };
  await writeParts(path.join(folder, CONFIG), [Buffer.from(`${JSON.stringify(settings, null, 2)}\n`)]);
}

/** Rank, alpha and targets of the adapters in a folder; undefined where it holds none. */
export async function peftOptions(folder: string): Promise<Required<LoraOptions> | undefined> {
  const file = path.join(folder, CONFIG);
  const json = await jsonFile(file);
  if (json === undefined) return undefined;
  const { r, lora_alpha, target_modules } = parseOptions(config, json, file);
  return { rank: r, alpha: lora_alpha, targets: target_modules };
}

/**
 * Reads adapters that PEFT or `savePeft` wrote.
 *
 * @returns what they are, and φ with the head if there is one; the caller disposes it
 * @throws Error naming the file and what does not fit the model
 */
export async function loadPeft(folder: string, model: VisionModel["model"]): Promise<{ lora: Lora; phi: Params }> {
  const options = await peftOptions(folder);
  if (options === undefined) throw new Error(`${path.join(folder, CONFIG)} is not there: ${folder} holds no adapters`);
  const found = lora(model.shapes, options);
  const checkpoint = await openCheckpoint(path.join(folder, ADAPTERS));
  try {
    const adapters = await loadParams(checkpoint, found.shapes, { rename: (name) => ourName(name, model) });
    return { lora: found, phi: { ...adapters, ...(await headOf(folder)) } };
  } finally {
    await checkpoint.close();
  }
}

/** PEFT's name without its prefix, and with the layer names of this architecture's first releases. */
function ourName(name: string, { canonical }: VisionModel["model"]): string {
  const [, module, matrix] = /^(?:base_model\.model\.)?(.*)(\.lora_[AB]\.weight)$/.exec(name) ?? [];
  if (module === undefined) return name;
  return canonical(`${module}.weight`).replace(/\.weight$/, matrix);
}

async function headOf(folder: string): Promise<Params> {
  const file = path.join(folder, HEAD);
  const there = await stat(file).catch(() => undefined);
  return there ? fromPlain((await loadTensors(file)).tensors) : {};
}
