import * as tf from "@tensorflow/tfjs-core";
import type { StepInput } from "../data/types.js";
import type { TokenBatch } from "../model/transformer/tokenBatch.js";
import type { Encoder } from "../text/features.js";
import type { FeatureShelf } from "./featureShelf.js";
import { type ImageShelf, imageShelf } from "./imageShelf.js";
import type { Prompt, PromptLayout } from "./prompt.js";
import type { VisionModel, VisionSequence } from "./visionModel.js";

/** B steps ready for the model: a tree of tensors, disposed of as a whole. */
export interface PromptBatch {
  /** micro-batches, one forward pass each */
  readonly parts: readonly TokenBatch[];
  /** place of each step among the parts' answers, int32 [B] */
  readonly order_B: tf.Tensor1D;
}

/** Steps with their prompts, made once and turned into batches by number. */
export interface PromptBook {
  /** prompts so far */
  readonly prompts: number;
  /** tokens of the longest prompt so far */
  readonly longest: number;
  /** image tokens of the prompt with most of them */
  readonly mostImageTokens: number;
  /** image tokens of all prepared images that differ in content */
  readonly imageTokens: number;
  /**
   * Makes and keeps the prompts of steps; their images are read first.
   *
   * @returns a number per step
   * @throws RangeError naming the row that is longer than the limit, DataError naming images that cannot be used
   */
  add(inputs: readonly StepInput[]): Promise<Int32Array>;
  /** the same for steps whose images are prepared */
  addPrepared(inputs: readonly StepInput[]): Int32Array;
  prepare(inputs: readonly StepInput[]): Promise<void>;
  /** @returns the batch of the numbered steps; the caller disposes it */
  batch(rows: ArrayLike<number>): PromptBatch;
  /** the prompt of a step and its place in it */
  at(row: number): { readonly prompt: Prompt; readonly answer: number };
}

export interface PromptBookOptions {
  /** longest sequence; defaults to what the model takes */
  readonly maxTokens?: number;
  /** sequences per forward pass, which are padded to the longest of them; defaults to 1 */
  readonly microBatch?: number;
  /** folder for the images' tiles; defaults to memory */
  readonly imageFolder?: string;
  /**
   * What stands after earlier steps in prompts that hold labels: always "+", as DreamPRM-1.5 publishes it even for wrong
   * solutions, or the given labels. Defaults to "plus"
   */
  readonly earlierLabels?: "plus" | "given";
  /** of a frozen vision tower; defaults to none, so that every forward pass runs the tower */
  readonly features?: FeatureShelf;
}

/** A step with what may be known of it. */
type Labelled = StepInput & { readonly id?: string; readonly target?: number };

export function promptBook(vision: VisionModel, layout: PromptLayout, options: PromptBookOptions = {}): PromptBook {
  const { model } = vision;
  const { microBatch = 1, earlierLabels = "plus", imageFolder, features } = options;
  const maxTokens = Math.min(options.maxTokens ?? Infinity, model.limits.maxPositions);
  const shelf: ImageShelf | undefined = vision.vision && imageShelf(vision.vision.processor, imageFolder);
  const prompts: Prompt[] = [];
  const rows: { readonly prompt: number; readonly answer: number }[] = [];
  let longest = 0;
  let mostImageTokens = 0;

  const imageOf = (image: string) => {
    if (shelf) return shelf;
    throw new Error(`${image}: ${vision.folder} is a text-only model; leave the images out`);
  };
  const seen = (path: string) => {
    const images = imageOf(path);
    const image = () => images.image(path);
    return features ? features.see(images.key(path), image) : image();
  };
  const add = (group: readonly Labelled[]) => {
    const last = group[group.length - 1];
    const { image } = last;
    const imageTokens = image === undefined ? 0 : imageOf(image).facts(image).tokens;
    const prompt = layout.prompt(last, {
      imageTokens,
      what: nameOf(last),
      maxTokens,
      ...(earlierLabels === "given" && { labels: labelsOf(group) }),
    });
    longest = Math.max(longest, prompt.ids.length);
    mostImageTokens = Math.max(mostImageTokens, imageTokens);
    const number = prompts.push(prompt) - 1;
    const answers = layout.wholeSolutions ? group.map(({ steps }) => steps.length - 1) : [0];
    return answers.map((answer) => rows.push({ prompt: number, answer }) - 1);
  };
  const sequence = (number: number, answers: readonly number[]): VisionSequence => {
    const { ids, answers: places, image } = prompts[number];
    const wanted = answers.map((answer) => places[answer]);
    const images = image === undefined ? [] : [seen(image)];
    return { ids: ids.slice(0, Math.max(...wanted) + 1), wanted, images };
  };
  const book: PromptBook = {
    get prompts() {
      return prompts.length;
    },
    get longest() {
      return longest;
    },
    get mostImageTokens() {
      return mostImageTokens;
    },
    get imageTokens() {
      return shelf?.tokens ?? 0;
    },
    prepare: async (inputs) => {
      const images = inputs.flatMap(({ image }) => (image === undefined ? [] : [image]));
      if (images.length > 0) await imageOf(images[0]).prepare(images);
    },
    add: async (inputs) => {
      await book.prepare(inputs);
      return book.addPrepared(inputs);
    },
    addPrepared: (inputs) => Int32Array.from(grouped(inputs, layout.wholeSolutions).flatMap(add)),
    at: (row) => ({ prompt: prompts[rows[row].prompt], answer: rows[row].answer }),
    batch: (chosen) => {
      const places = Array.from(chosen, (row) => rows[row]);
      const numbers = [...new Set(places.map(({ prompt }) => prompt))];
      const answers = numbers.map((number) => places.flatMap((p, b) => (p.prompt === number ? [{ ...p, b }] : [])));
      const order = new Int32Array(places.length);
      answers.flat().forEach(({ b }, place) => (order[b] = place));
      const sequences = numbers.map(
        (number, i) => () =>
          sequence(
            number,
            answers[i].map(({ answer }) => answer),
          ),
      );
      const parts: TokenBatch[] = [];
      for (let start = 0; start < sequences.length; start += microBatch) {
        parts.push(model.batch(sequences.slice(start, start + microBatch).map((make) => make())));
      }
      return { parts, order_B: tf.tensor1d(order, "int32") };
    },
  };
  return book;
}

/** Steps that one prompt answers for: each alone, or prefixes that continue each other. */
function grouped(inputs: readonly Labelled[], wholeSolutions: boolean): Labelled[][] {
  const groups: Labelled[][] = [];
  for (const input of inputs) {
    const group = groups.at(-1);
    if (wholeSolutions && group && continues(input, group[group.length - 1])) group.push(input);
    else groups.push([input]);
  }
  return groups;
}

function continues({ question, image, steps }: StepInput, before: StepInput): boolean {
  if (question !== before.question || image !== before.image || steps.length <= before.steps.length) return false;
  return before.steps.every((step, i) => step === steps[i]);
}

/** A soft label from ½ on counts as "+"; so does an earlier step without a row of its own. */
function labelsOf(group: readonly Labelled[]): (0 | 1)[] {
  const labels = group[group.length - 1].steps.map((): 0 | 1 => 1);
  for (const { steps, target = 1 } of group) labels[steps.length - 1] = target >= 0.5 ? 1 : 0;
  return labels;
}

function nameOf({ id, question, steps }: Labelled): string {
  if (id !== undefined) return `row ${id}`;
  return `step ${steps.length} of a solution to ${JSON.stringify(question.slice(0, 60))}`;
}

/**
 * The book as an encoder whose only feature is a step's number, so that everything that trains and evaluates heads on
 * encoded steps handles prompts alike. Images must be prepared.
 */
export function promptEncoder(book: PromptBook): Encoder {
  const encode = (inputs: readonly StepInput[]) => {
    const numbers = book.addPrepared(inputs);
    const count = numbers.length;
    return {
      rows: count,
      size: 1,
      indptr: Int32Array.from({ length: count + 1 }, (_, i) => i),
      indices: new Int32Array(count),
      values: Float32Array.from(numbers),
    };
  };
  return {
    size: 1,
    names: () => "number of the prompt",
    encode,
    encodeCached: async (inputs) => {
      await book.prepare(inputs);
      return encode(inputs);
    },
  };
}
