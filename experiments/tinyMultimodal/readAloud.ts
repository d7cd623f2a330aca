/** Steps that state what a picture shows, as a PRM gets them, with what a model that reads the picture answers. */
import { labelTokens } from "../../lib/checkpoint/labelTokens.js";
import type { Random } from "../../lib/core/random.js";
import { withIdleCues } from "../../lib/data/synthetic/labels.js";
import { between } from "../../lib/data/synthetic/question.js";
import { writeSolution } from "../../lib/data/synthetic/solution.js";
import type { ModelImage } from "../../lib/image/types.js";
import { LABELS, labelLayout } from "../../lib/vlm/prompt.js";
import type { VisionModel, VisionSequence } from "../../lib/vlm/visionModel.js";
import { type DrawnQuestion, questionTail } from "./questions.js";
import { EVIDENCE } from "./steps.js";

const STATED = /(\w+) = (\d+)/g;

/** A step with the true ones of the values that it states, in their order. */
export interface Statement {
  readonly text: string;
  readonly truth: readonly number[];
}

/** @param share  of values that are misread in two steps of three; the third is right */
export function statement({ question }: DrawnQuestion, share: number, stream: Random): Statement {
  const { steps } = writeSolution(question, undefined, stream);
  const truth = [...steps[EVIDENCE].matchAll(STATED)].map(([, , value]) => Number(value));
  const isRight = stream.next() < 1 / 3;
  const misread = truth.map(() => stream.next() < share && !isRight);
  const values = truth.map((value, n) => (misread[n] ? otherValue(value, stream) : value)).values();
  const text = steps[EVIDENCE].replace(STATED, (_, name: string) => `${name} = ${values.next().value}`);
  return { text: withIdleCues([text], stream)[0], truth };
}

/** Near the value or anywhere among the demo's. */
function otherValue(value: number, stream: Random): number {
  for (;;) {
    const other = stream.next() < 0.5 ? value + between(stream, -4, 4) : between(stream, 3, 38);
    if (other > 0 && other !== value) return other;
  }
}

/** A prompt with the places that are asked, what is to be told at each, and last of all the step's label. */
export interface Spoken extends VisionSequence {
  readonly wanted: readonly number[];
  readonly targets: readonly number[];
}

/**
 * The PRM's own prompts with more questions than it asks: before every digit of a stated value the true digit, "-" as soon
 * as a stated one was not the true one, up to what follows the value; at the end the label, "-" when any value is misread.
 */
export function speaker(vision: VisionModel) {
  const { tokenizer } = vision;
  const { prompt } = labelLayout(vision);
  const [plus, minus] = labelTokens(tokenizer, LABELS);
  const idsOf = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
  return (
    { id, question, image }: DrawnQuestion,
    { text, truth }: Statement,
    seen: ModelImage & { tokens: number },
  ): Spoken => {
    const input = { question: questionTail(question), steps: [text], image };
    const { ids, answers } = prompt(input, { imageTokens: seen.tokens, what: id, maxTokens: Infinity });
    const pieces = ids.map((token) => tokenizer.decode([token]));
    const wanted: number[] = [];
    const targets: number[] = [];
    const ask = (place: number, target: number) => {
      wanted.push(place);
      targets.push(target);
    };
    let allAgree = true;
    [...pieces.join("").matchAll(STATED)].forEach(({ 0: { length }, 2: digits, index }, n) => {
      const first = placeOf(pieces, index + length - digits.length);
      const told = ids.slice(first, first + digits.length + 1);
      const right = [...idsOf(String(truth[n])), told[digits.length]];
      let agrees = true;
      told.forEach((token, i) => {
        ask(first + i - 1, agrees ? right[i] : minus);
        agrees &&= token === right[i];
      });
      if (!agrees) ask(first + digits.length, minus);
      allAgree &&= agrees;
    });
    ask(answers[0], allAgree ? plus : minus);
    return { ids, wanted, targets, images: [seen] };
  };
}

/** The token that begins with a character of the joined text. */
function placeOf(pieces: readonly string[], character: number): number {
  let start = 0;
  return pieces.findIndex((piece) => (start += piece.length) > character);
}
