/** A checkpoint's folder, opened without its weights: what is needed to make prompts, batches and estimates. */
import path from "node:path";
import { type ChatTemplate, loadChatTemplate } from "../checkpoint/chatTemplate.js";
import { openCheckpoint } from "../checkpoint/checkpoint.js";
import { type ImagePlaceholder, imagePlaceholders } from "../checkpoint/imagePlaceholders.js";
import { jsonFile } from "../checkpoint/jsonFile.js";
import { loadParams } from "../checkpoint/loadParams.js";
import { loadTokenizer, refuseSmallVocabulary, type TextTokenizer } from "../checkpoint/tokenizer.js";
import type { Params } from "../core/tree.js";
import { internVlImages } from "../image/internvl.js";
import { llavaOneVisionImages } from "../image/llavaOneVision.js";
import { qwen2VlImages } from "../image/qwen2vl.js";
import type { CheckpointFiles, ImageProcessor, ModelImage, SourceOptions } from "../image/types.js";
import { internVl } from "../model/internvl/internvl.js";
import { llavaOneVision } from "../model/llavaOneVision/llavaOneVision.js";
import { qwen2 } from "../model/qwen2/qwen2.js";
import { qwen2Vl } from "../model/qwen2vl/qwen2vl.js";
import type { LanguageModel, LanguageModelOptions } from "../model/transformer/languageModel.js";
import type { TokenSequence } from "../model/transformer/tokenBatch.js";
import type { Seen } from "../model/transformer/tower.js";

/** Tokens with images as the model's own processor makes them. */
export interface VisionSequence extends TokenSequence {
  readonly images?: readonly (ModelImage | Seen<ModelImage>)[];
}

export interface VisionModelOptions extends LanguageModelOptions, SourceOptions {
  /** of InternVL's tiling: DreamPRM-1.5's `max_patch_num`; defaults to 6 */
  readonly maxTiles?: number;
}

export interface VisionModel {
  readonly folder: string;
  readonly family: Family;
  /** the content of `config.json` */
  readonly config: Readonly<Record<string, unknown>>;
  readonly model: LanguageModel<VisionSequence>;
  readonly tokenizer: TextTokenizer;
  readonly template: ChatTemplate;
  /** undefined for a text-only model */
  readonly vision?: { readonly processor: ImageProcessor; readonly placeholder: ImagePlaceholder };
}

type Vision = NonNullable<VisionModel["vision"]>;

interface FamilyParts {
  readonly model: (config: unknown, options: LanguageModelOptions, tokenizer: TextTokenizer) => unknown;
  readonly vision?: (files: CheckpointFiles, options: VisionModelOptions) => Vision;
}

const families = {
  qwen2_vl: {
    model: qwen2Vl,
    vision: (files, options) => ({
      processor: qwen2VlImages(files, sourceOf(options)),
      placeholder: imagePlaceholders.qwen2Vl,
    }),
  },
  internvl_chat: {
    model: (config, options, tokenizer) => {
      const { token } = imagePlaceholders.internVl;
      const imageToken = tokenizer.tokenId(token);
      if (imageToken === undefined) throw new Error(`the tokenizer in ${tokenizer.path} has no token ${token}`);
      return internVl(config, { ...options, imageToken });
    },
    vision: (files, { maxTiles, ...options }) => ({
      processor: internVlImages(files, { ...(maxTiles !== undefined && { maxTiles }), ...sourceOf(options) }),
      placeholder: imagePlaceholders.internVl,
    }),
  },
  llava_onevision: {
    model: llavaOneVision,
    vision: (files, options) => ({
      processor: llavaOneVisionImages(files, sourceOf(options)),
      placeholder: imagePlaceholders.llavaOneVision,
    }),
  },
  qwen2: { model: qwen2 },
} as const satisfies Record<string, FamilyParts>;

export type Family = keyof typeof families;

function sourceOf({ longestSide, transparency, maxSourcePixels }: SourceOptions): SourceOptions {
  return {
    ...(longestSide !== undefined && { longestSide }),
    ...(transparency !== undefined && { transparency }),
    ...(maxSourcePixels !== undefined && { maxSourcePixels }),
  };
}

/**
 * Reads a checkpoint's configuration, tokenizer, chat template and image settings; `loadWeights` reads its tensors.
 *
 * @param folder  as `resolveModel` gives it
 * @throws Error naming the file: another architecture, a config that does not fit it, no tokenizer or template, a
 *   tokenizer with more tokens than the model has rows
 * @example
 * const { folder } = await resolveModel("Qwen/Qwen2-VL-2B-Instruct");
 * const vision = await openVisionModel(folder, { longestSide: 512, checkpointing: true });
 */
export async function openVisionModel(folder: string, options: VisionModelOptions = {}): Promise<VisionModel> {
  const { loraScale, checkpointing } = options;
  const file = path.join(folder, "config.json");
  const config = await jsonFile(file);
  if (config === undefined) throw new Error(`${file} is not there: ${folder} is no model's folder`);
  const family = familyOf(config["model_type"], file);
  const parts: FamilyParts = families[family];
  const tokenizer = await loadTokenizer(folder);
  const modelOptions = {
    ...(loraScale !== undefined && { loraScale }),
    ...(checkpointing !== undefined && { checkpointing }),
  };
  const model = named(file, () => parts.model(config, modelOptions, tokenizer)) as LanguageModel<VisionSequence>;
  refuseSmallVocabulary(tokenizer, model.limits.vocabulary);
  const preprocessor =
    (await jsonFile(path.join(folder, "preprocessor_config.json"))) ??
    (await jsonFile(path.join(folder, "processor_config.json")));
  const vision = parts.vision && named(folder, () => parts.vision?.({ config, preprocessor }, options));
  const template = await loadChatTemplate(folder, tokenizer.specialTokens);
  return { folder, family, config, model, tokenizer, template, ...(vision && { vision }) };
}

function familyOf(type: unknown, file: string): Family {
  if (typeof type === "string" && Object.hasOwn(families, type)) return type as Family;
  const known = Object.keys(families).join(", ");
  const hint = type === "internvl" ? "; take the checkpoint without -hf in its name" : "";
  throw new Error(`${file}: model_type is ${JSON.stringify(type)}; what can be loaded is ${known}${hint}`);
}

function named<T>(what: string, f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (error instanceof Error && !error.message.includes(what)) error.message = `${what}: ${error.message}`;
    throw error;
  }
}

/**
 * The model's parameters as float32 tensors, named as in its checkpoint. The caller disposes them.
 *
 * @throws Error with all missing, unexpected and ill-shaped tensors before any is read
 */
export async function loadWeights({ folder, model }: Pick<VisionModel, "folder" | "model">): Promise<Params> {
  const checkpoint = await openCheckpoint(folder);
  try {
    return await loadParams(checkpoint, model.shapes, { rename: (name) => usedName(model, name) });
  } finally {
    await checkpoint.close();
  }
}

/** Some files hold the tied head a second time, or tables that are computed here. */
function usedName({ canonical, shapes }: LanguageModel<VisionSequence>, stored: string): string | undefined {
  const name = canonical(stored);
  const spare = /(?:^|\.)lm_head\.weight$|\.inv_freq$|\.position_ids$/.test(name) && !Object.hasOwn(shapes, name);
  return spare ? undefined : name;
}
