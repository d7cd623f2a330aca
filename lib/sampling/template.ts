import { readFileSync } from "node:fs";
import { joinSteps } from "../text/steps.js";
import { optionsLine } from "./question.js";

/** What a template can show. */
export const placeholders = ["question", "options", "steps", "reference", "answer"] as const;
export type Placeholder = (typeof placeholders)[number];

/** A text with placeholders such as {question}; all other braces are text. */
export interface Template {
  readonly text: string;
  fill(values: { readonly [P in Placeholder]?: string }): string;
}

/** What a question and a partial solution give to a template. */
export function promptValues(
  { question, options }: { readonly question: string; readonly options?: readonly string[] },
  steps?: readonly string[],
): { question: string; options: string; steps?: string } {
  return { question, options: optionsLine(options), ...(steps && { steps: joinSteps(steps) }) };
}

/**
 * Checks a template. A line that is an empty placeholder and nothing else goes.
 *
 * @param required  placeholders that must be there
 * @param optional  placeholders that may be there; others are refused, so that no prompt gives its answer away
 * @param where     the template's file, for messages
 * @throws Error naming the file and the placeholder
 */
export function template(
  text: string,
  required: readonly Placeholder[],
  optional: readonly Placeholder[] = [],
  where = "the template",
): Template {
  const has = (name: string) => text.includes(`{${name}}`);
  const missing = required.find((name) => !has(name));
  if (missing !== undefined)
    throw new Error(`${where} does not hold {${missing}}, without which the model would not see it`);
  const known = [...required, ...optional];
  const foreign = placeholders.find((name) => has(name) && !known.includes(name));
  if (foreign !== undefined) {
    throw new Error(
      `${where} holds {${foreign}}, which it cannot have here; it may hold ${known.map((name) => `{${name}}`).join(", ")}`,
    );
  }
  const pattern = new RegExp(`\\{(${known.join("|")})\\}`, "g");
  return {
    text,
    fill: (values) =>
      text
        .split("\n")
        .filter((line) => {
          const alone = /^\s*\{(\w+)\}\s*$/.exec(line)?.[1];
          return alone === undefined || !known.includes(alone as Placeholder) || values[alone as Placeholder] !== "";
        })
        .join("\n")
        // in one pass, so that nothing in a question is taken for a placeholder
        .replace(pattern, (_, name: Placeholder) => values[name] ?? "")
        .trim(),
  };
}

/** A template from a file; see `template`. */
export function readTemplate(
  file: string,
  required: readonly Placeholder[],
  optional: readonly Placeholder[] = [],
): Template {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`template ${file} cannot be read (${(error as Error).message})`, { cause: error });
  }
  return template(text, required, optional, file);
}

/** The placeholders of each kind of prompt: those it needs, and those it may have. */
export const templateFields = {
  sample: [["question"], ["options"]],
  label: [["question", "steps"], ["options"]],
  search: [["question", "steps"], ["options"]],
  judge: [
    ["reference", "answer"],
    ["question", "options"],
  ],
} as const satisfies Record<string, readonly [readonly Placeholder[], readonly Placeholder[]]>;

export type TemplateKind = keyof typeof templateFields;

const FINAL = 'one line "Final answer:" followed by the answer alone (for a question with options, the letter alone)';

/** The prompts that are used unless a file replaces them; `sample` asks for DreamPRM's five steps. */
export const defaultTemplates: Readonly<Record<TemplateKind, string>> = {
  sample: `Solve the problem in five steps, each under its own heading:

Step 1: Restate the question in your own words.
Step 2: Collect the evidence that the question and its image, if it has one, give.
Step 3: Name the background knowledge that is needed.
Step 4: Reason from the evidence and the knowledge.
Step 5: Conclude.

Leave a blank line between steps. After the last step write ${FINAL}.

Problem:
{question}
{options}
`,
  label: `Somebody has begun to solve the problem below. Go on exactly where the solution stops: repeat nothing of it, keep to its numbering, and end with ${FINAL}.

Problem:
{question}
{options}

Solution so far:
{steps}
`,
  search: `Solve the problem below one step at a time. Write only the next step of the solution, under its heading "Step N:". If the solution so far is complete, write only ${FINAL}.

Problem:
{question}
{options}

Solution so far:
{steps}
`,
  judge: `Decide whether an answer means the same as the reference answer. Different notation, units that the question implies, and rounding do not matter; a different value does.

Problem:
{question}
{options}

Reference answer: {reference}
Answer: {answer}

Reply with one word, yes or no.
`,
};

export function defaultTemplate(kind: TemplateKind): Template {
  const [required, optional] = templateFields[kind];
  return template(defaultTemplates[kind], required, optional);
}
