/** What a vision-language PRM reads to score steps, as token ids. */
import type { ChatMessage, MessagePart } from "../checkpoint/chatTemplate.js";
import { expandImages } from "../checkpoint/imagePlaceholders.js";
import { labelTokens } from "../checkpoint/labelTokens.js";
import type { StepInput } from "../data/types.js";
import { promptText } from "../text/prompts.js";
import type { VisionModel } from "./visionModel.js";

/** A token sequence that answers for one step or for all steps of a solution. */
export interface Prompt {
  readonly ids: readonly number[];
  /** per step that it answers for, the position whose answer is the step's */
  readonly answers: readonly number[];
  readonly image?: string;
}

export interface PromptSource {
  /** image tokens of the input's image */
  readonly imageTokens: number;
  /** for messages */
  readonly what: string;
  /** longest sequence that is allowed */
  readonly maxTokens: number;
  /** labels of the earlier steps, where they are to stand in the prompt */
  readonly labels?: readonly (0 | 1)[];
}

/** How steps are put to a model. */
export interface PromptLayout {
  /** short name, part of what cached hidden states depend on */
  readonly name: string;
  /** one prompt answers for all steps of a solution */
  readonly wholeSolutions: boolean;
  /** The prompt for the last of the input's steps, or for all of them. */
  readonly prompt: (input: StepInput, source: PromptSource) => Prompt;
}

/**
 * DreamPRM: image, question, blank line and partial response in the user's turn; the answer is the last token's, where
 * the assistant's turn begins.
 */
export function lastTokenLayout(vision: VisionModel): PromptLayout {
  return {
    name: "last-token",
    wholeSolutions: false,
    prompt: (input, source) => {
      const text = vision.template.render([userTurn(promptText(input), input.image)], { addGenerationPrompt: true });
      const ids = encoded(vision, text, input.image, source, source.maxTokens);
      return asPrompt(ids, [ids.length - 1], input);
    },
  };
}

export const LABELS = ["+", "-"] as const;

export interface LabelLayoutOptions {
  /** the first message; defaults to the template's own */
  readonly system?: string;
}

/**
 * DreamPRM-1.5: question and first step, then every step, in turns of the user; the assistant answers each with "+" or
 * "-". The answer to a step is read where its label is to come, so one pass scores all steps. Before a later step stands
 * "+" for every earlier one, as published even in wrong solutions, or the label that the source gives.
 */
export function labelLayout(vision: VisionModel, { system }: LabelLayoutOptions = {}): PromptLayout {
  const label = labelTokens(vision.tokenizer, LABELS);
  return {
    name: `labels${system === undefined ? "" : `:${system}`}`,
    wholeSolutions: true,
    prompt: (input, source) => {
      const { question, steps, image } = input;
      const messages: ChatMessage[] = system === undefined ? [] : [{ role: "system", content: system }];
      const ids: number[] = [];
      const answers: number[] = [];
      let before = "";
      steps.forEach((step, i) => {
        const first = `### Question:\n${question}\n\n### Solution Process:\n${step}`;
        messages.push(userTurn(i === 0 ? first : step, i === 0 ? image : undefined));
        const text = vision.template.render(messages, { addGenerationPrompt: true });
        if (!text.startsWith(before)) {
          throw new Error(`the chat template in ${vision.folder} changes earlier turns, so it cannot hold labels`);
        }
        const room = source.maxTokens - ids.length;
        ids.push(...encoded(vision, text.slice(before.length), i === 0 ? image : undefined, source, room));
        answers.push(ids.length - 1);
        const given = source.labels?.[i] === 0 ? 1 : 0;
        if (i < steps.length - 1) ids.push(label[given]);
        messages.push({ role: "assistant", content: LABELS[given] });
        before = text + LABELS[given];
      });
      return asPrompt(ids, answers, input);
    },
  };
}

function userTurn(text: string, image: string | undefined): ChatMessage {
  if (image === undefined) return { role: "user", content: text };
  // rows of InternVL's format name the image's place themselves
  const rest = text.replace(/<image>[ \t]*\n?/g, "");
  return { role: "user", content: [{ type: "image" }, { type: "text", text: rest }] satisfies MessagePart[] };
}

function encoded(
  { tokenizer, vision }: VisionModel,
  text: string,
  image: string | undefined,
  { imageTokens, what, maxTokens }: PromptSource,
  room: number,
): number[] {
  const expanded = image !== undefined && vision ? expandImages(text, [imageTokens], vision.placeholder, what) : text;
  const ids = tokenizer.encode(expanded, { addSpecialTokens: false });
  if (ids.length <= room) return ids;
  throw new RangeError(
    `${what} has ${maxTokens - room + ids.length} tokens or more (${imageTokens} of its image), the limit is ` +
      `${maxTokens}: shorten it, leave it out, or raise the limit as far as model and memory allow`,
  );
}

function asPrompt(ids: number[], answers: number[], { image }: StepInput): Prompt {
  return { ids, answers, ...(image !== undefined && { image }) };
}
