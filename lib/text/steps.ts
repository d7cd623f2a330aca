import { answerMarks, blocks, headings, inlineRun, numberedList } from "./marks.js";

/**
 * The reasoning steps of a response, found by the first of these that is there:
 *
 * 1. headings "Step 1", "Step 2:", "### Step 3:", "**Step 4**" at the start of a line, running 1, 2, 3 …;
 * 2. a numbered list "1." "1)" "(1)" of one style and indentation, running 1, 2, 3 …, after at most one paragraph;
 * 3. blocks between blank lines;
 * 4. an enumeration inside the only paragraph: "(1) … (2) …", "Step 1: … Step 2: …", "First, … Second, …".
 *
 * "Answer:" or "Final answer:" at the start of a line after all of these begins a last step of its own. What stands
 * before the first mark belongs to the first step, headings stay in their steps, and nothing inside a code fence is a
 * mark, so only white space between steps goes: `splitSteps(joinSteps(splitSteps(text)))` equals `splitSteps(text)`.
 *
 * @returns one step or more; a blank text is one empty step
 */
export function splitSteps(text: string): string[] {
  const unix = trimLines(text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text);
  const starts = structure(unix);
  const answer = answerMarks(unix).at(-1);
  if (answer !== undefined && answer > (starts.at(-1) ?? 0)) starts.push(answer);
  const steps = [0, ...starts.slice(1)]
    .map((start, i) => trimLines(unix.slice(start, starts[i + 1])))
    .filter((step) => step !== "");
  return steps.length > 0 ? steps : [""];
}

/** The text that `splitSteps` takes apart again: steps with a blank line between them. */
export function joinSteps(steps: readonly string[]): string {
  return steps.join("\n\n");
}

/** Claims that a response marks its steps: headings, a numbered list or an inline enumeration. Blank lines alone do not. */
export function hasSteps(text: string): boolean {
  return headings(text).length > 0 || numberedList(text).length > 1 || inlineRun(text).length > 1;
}

/** Where steps begin; the first start stands for the beginning of the text. */
function structure(text: string): number[] {
  const marked = headings(text);
  if (marked.length > 0) return marked;
  const listed = numberedList(text);
  if (listed.length > 1) return listed;
  const separate = blocks(text);
  if (separate.length > 1) return separate;
  const inline = inlineRun(text);
  return inline.length > 1 ? inline : [0];
}

/** Without blank lines before and white space after; indentation of the first line stays, since code needs it. */
function trimLines(text: string): string {
  return text.trimEnd().replace(/^(?:[^\S\n]*\n)+/, "");
}
