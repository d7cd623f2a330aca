import * as tf from "@tensorflow/tfjs-core";
import { labelTokens } from "../checkpoint/labelTokens.js";
import { fromPlain } from "../core/tree.js";
import { checkParameters, type ParameterShapes } from "../model/transformer/parameters.js";
import type { RewardModel } from "../model/rewardModel.js";
import { frozenBackbone, fullBackbone } from "./backbone.js";
import { featureBytes, featureShelf } from "./featureShelf.js";
import { type Lora, lora, loraBackbone, type LoraOptions } from "./lora.js";
import { estimateMemory, gigabytes, type MemoryEstimate } from "./memory.js";
import { peftOptions } from "./peft.js";
import { LABELS, labelLayout, lastTokenLayout, type PromptLayout } from "./prompt.js";
import { type PromptBatch, type PromptBook, promptBook, type PromptBookOptions } from "./promptBook.js";
import { headShapes, labelToken, lastTokenHead } from "./rewardModels.js";
import { startingPhi } from "./startingPhi.js";
import { loadWeights, openVisionModel, type VisionModel, type VisionModelOptions } from "./visionModel.js";

/** How a step's logit is read off the model, see `lastTokenHead` and `labelToken`. */
export const readouts = ["logits", "hidden", "label"] as const;
export type Readout = (typeof readouts)[number];

/** What of the model is trained besides its head. */
export const tunings = ["full", "lora", "frozen"] as const;
export type Tuning = (typeof tunings)[number];

export interface VisionPrmOptions extends Omit<PromptBookOptions, "features">, Omit<VisionModelOptions, "loraScale"> {
  /** defaults to "label" for InternVL, else to "logits" */
  readonly readout?: Readout;
  /** defaults to "lora" */
  readonly tune?: Tuning;
  readonly lora?: LoraOptions;
  /**
   * Where neither the vision tower nor an adapter in it is trained, the features of an image are computed once and up to
   * so many bytes of them kept, those of the latest use; defaults to 2³⁰ (1 GiB)
   */
  readonly maxFeatureBytes?: number;
  /** first message of prompts with labels */
  readonly system?: string;
  /** file or folder of φ to start from; defaults to adapters that change nothing and a random head */
  readonly startFrom?: string;
}

/** A vision-language PRM whose weights are not loaded yet. */
export interface VisionPrm {
  readonly vision: VisionModel;
  readonly readout: Readout;
  readonly layout: PromptLayout;
  /** makes batches once the weights are loaded */
  readonly book: PromptBook;
  /** works once the weights are loaded */
  readonly prm: RewardModel<PromptBatch>;
  readonly adapters?: Lora;
  /** of φ, by name */
  readonly trained: ParameterShapes;
  /** for the prompts in the book, so many of them at once */
  readonly memory: (training: boolean, sequences?: number) => MemoryEstimate;
  /**
   * Reads the weights.
   *
   * @throws Error with all missing, unexpected and ill-shaped tensors
   */
  readonly load: () => Promise<void>;
  readonly dispose: () => void;
}

/**
 * Opens a checkpoint as a process reward model: everything but its weights, so that prompts can be made, sequences and
 * memory checked, before gigabytes are read.
 *
 * @throws Error for a folder that cannot be such a model, or a φ that does not fit
 * @example
 * const { book, prm, load } = await visionPrm(folder, { tune: "lora", checkpointing: true });
 * const batches = await vlmBatches({ book, train, meta: meta.solutions, batchSize: 1, metaBatchSize: 1 });
 * await load();
 * const problem = prmProblem({ prm, weighting: domainTable(train.domains) });
 */
export async function visionPrm(folder: string, options: VisionPrmOptions = {}): Promise<VisionPrm> {
  const { tune = "lora", microBatch, system, startFrom, checkpointing = false, maxFeatureBytes } = options;
  const stored = startFrom === undefined ? undefined : await peftOptions(startFrom);
  const wanted = stored ?? options.lora ?? {};
  const { rank = 16, alpha = 2 * rank } = wanted;
  const scale = tune === "lora" ? { loraScale: alpha / rank } : {};
  const vision = await openVisionModel(folder, { ...options, ...scale });
  const { model, family } = vision;
  const readout = options.readout ?? (family === "internvl_chat" ? "label" : "logits");
  const adapters = tune === "lora" ? lora(model.shapes, wanted) : undefined;
  const layout =
    readout === "label" ? labelLayout(vision, { ...(system !== undefined && { system }) }) : lastTokenLayout(vision);
  const head = { logits: headShapes(model.limits.vocabulary), hidden: headShapes(model.hiddenSize), label: {} }[
    readout
  ];
  const beside: ParameterShapes = { ...adapters?.shapes, ...head };
  const trained = tune === "full" ? { ...model.shapes, ...head } : beside;
  const phi = startFrom === undefined ? undefined : await startingPhi(startFrom, model);
  if (phi) checkParameters(phi, trained, `φ in ${startFrom}`);

  const weights: Record<string, tf.Tensor> = {};
  const backbone = adapters
    ? loraBackbone(weights, adapters)
    : tune === "full"
      ? fullBackbone(weights)
      : frozenBackbone(weights);
  const shared = { model, backbone, microBatches: microBatch !== undefined };
  const prm =
    readout === "label"
      ? labelToken({ ...shared, labels: labelTokens(vision.tokenizer, LABELS) as [number, number] })
      : lastTokenHead({ ...shared, reads: readout });
  const { tower } = model;
  const features =
    tower && !Object.keys(trained).some(tower.owns)
      ? featureShelf({ tower, weights, ...(maxFeatureBytes !== undefined && { maxBytes: maxFeatureBytes }) })
      : undefined;
  const book = promptBook(vision, layout, { ...options, ...(features && { features }) });
  return {
    ...{ vision, readout, layout, book, trained },
    prm: phi ? { ...prm, init: () => fromPlain(phi) } : prm,
    ...(adapters && { adapters }),
    memory: (training, sequences = 1) =>
      estimateMemory(vision, {
        ...{ trained: beside, full: tune === "full", training, checkpointing, sequences: microBatch ?? sequences },
        ...{ tokens: book.longest, imageTokens: book.mostImageTokens },
        ...(features && { featureBytes: featureBytes(model, book, maxFeatureBytes) }),
      }),
    load: async () => {
      if (Object.keys(weights).length === 0) Object.assign(weights, await loadWeights(vision));
    },
    dispose: () => {
      tf.dispose(weights);
      for (const name of Object.keys(weights)) delete weights[name];
      features?.clear();
    },
  };
}

/**
 * Holds that a computation fits into memory.
 *
 * @returns what it needs, in words
 * @throws Error naming the need, what would need less, and what there is
 */
export function refuseBeyondMemory(
  { vision, book, memory }: Pick<VisionPrm, "vision" | "book" | "memory">,
  use: Fit,
): string {
  const { training, sequences = 1, available, forced } = use;
  const { totalBytes } = memory(training, sequences);
  const leaner = estimateMemory(vision, {
    ...{ trained: lora(vision.model.shapes).shapes, full: false, training, checkpointing: true, sequences: 1 },
    ...{ tokens: book.longest, imageTokens: book.mostImageTokens },
    featureBytes: featureBytes(vision.model, book),
  }).totalBytes;
  const other = training && leaner < 0.9 * totalBytes ? `; LoRA with checkpointing needs ${gigabytes(leaner)}` : "";
  const need = `${vision.folder} needs about ${gigabytes(totalBytes)}${other}`;
  if (totalBytes <= available || forced) return need;
  throw new Error(
    `${need}. ${gigabytes(available)} are free: choose --tune lora, --gradient_checkpointing, a smaller ` +
      "--micro_batch_size or shorter prompts (--max_tokens, --max_patch_num), or try all the same with --force",
  );
}

export interface Fit {
  readonly training: boolean;
  /** prompts of the largest batch; defaults to 1 */
  readonly sequences?: number;
  /** bytes */
  readonly available: number;
  /** never refuse */
  readonly forced: boolean;
}
