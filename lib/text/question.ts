import { answerMarks, headings } from "./marks.js";

const OPTIONS = /^[ \t]*(?:Options|Choices)[ \t]*:/gim;
const LEAD_IN = /:$|step[- ]by[- ]step|^let['’]?s\b|^to (?:answer|solve|find|determine)\b/i;

/**
 * Finds where the question ends and the response begins in a text that holds both.
 *
 * The response begins after the paragraph with the question's options; without options at "Step 1" (or at a lead-in
 * such as "Let's go step by step:" before it), else at the line "Final answer:". A text with none of these is all
 * question, and the response is empty.
 */
export function splitQuestion(text: string): { question: string; response: string } {
  const end = responseStart(text);
  return { question: text.slice(0, end).trimEnd(), response: text.slice(end).trim() };
}

function responseStart(text: string): number {
  const mark = Math.min(headings(text)[0] ?? text.length, answerMarks(text)[0] ?? text.length);
  const options = [...text.slice(0, mark).matchAll(OPTIONS)].at(-1);
  if (options !== undefined) {
    const gap = /\n[ \t]*\n/.exec(text.slice(options.index, mark));
    return gap === null ? mark : options.index + gap.index;
  }
  const paragraphs = text.slice(0, mark).trimEnd();
  const last = paragraphs.lastIndexOf("\n\n");
  return mark < text.length && last > 0 && LEAD_IN.test(paragraphs.slice(last).trim()) ? last : mark;
}

/**
 * What two questions have in common when they are the same: letters, digits and signs without case, spacing and the
 * heading "Question:".
 */
export function normaliseQuestion(question: string): string {
  return question
    .normalize("NFKC")
    .toLowerCase()
    .replace(/^[\s#*]*(?:question\s*:\s*[#*]*\s*)+/, "")
    .replace(/\s+/g, " ")
    .trim();
}
