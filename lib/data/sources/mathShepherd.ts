import { z } from "zod";
import { finalAnswer } from "../../text/answer.js";
import { defineReader } from "../reader.js";
import { text, words } from "../schema.js";

const mathShepherdRow = z.object({ input: words, label: words, task: text.nullish() });

const TAG = "ки";

/**
 * Math-Shepherd (peiyi9979/Math-Shepherd, arXiv 2312.08935): JSON lines `input` (question and solution, the tag "ки"
 * at the end of every step), `label` (the same text with "+" or "-" in place of the tags), `task`, which is the domain.
 * Hard labels: a step is "+" when at least one completion from it ended in the right answer. No outcomes.
 *
 * The question ends where "Step 1:" begins; a tag before it belongs to no step and is dropped. Text after the last tag
 * is a step without a label.
 */
export const mathShepherd = defineReader({
  format: "Math-Shepherd",
  fields: ["input", "label", "task"],
  row: mathShepherdRow,
  open: (sheet) => (row, at) => {
    const start = /(?:^|\s)Step 1\s*:/.exec(row.input)?.index;
    if (start === undefined) {
      sheet.note('row(s) left out, since their input has no "Step 1:"');
      return [];
    }
    const pieces = row.input.split(TAG);
    const labels = labelsOf(pieces, row.label);
    if (typeof labels === "string") {
      sheet.fault(at, "label", row.label, labels);
      return [];
    }
    const question = row.input.slice(0, start).replaceAll(TAG, "").trim();
    const steps = stepsFrom(pieces, start).map(({ text, piece }) => ({ text, label: labels[piece] ?? null }));
    if (question === "") {
      sheet.fault(at, "input", row.input, 'a question before "Step 1:"');
      return [];
    }
    const texts = steps.map(({ text }) => text);
    const answer = finalAnswer(texts);
    return [
      {
        id: sheet.id(`${sheet.domain}-${at.row}`, at),
        questionId: sheet.questionId(question),
        question,
        steps: texts,
        domain: row.task ?? sheet.domain,
        evidence: { kind: "step", labels: steps.map(({ label }) => label), estimated: true },
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});

/** The signs that stand where the tags between the pieces stand, or what was expected. */
function labelsOf(pieces: readonly string[], label: string): (0 | 1)[] | string {
  const labels: (0 | 1)[] = [];
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    const last = i === pieces.length - 1;
    if (!label.startsWith(last ? piece.trimEnd() : piece, at)) {
      return `the text of input with + or - in place of each "${TAG}"; it differs at character ${at}`;
    }
    at += piece.length;
    if (last) break;
    const sign = label[at++] as string | undefined;
    if (sign !== "+" && sign !== "-") return `+ or - at character ${at - 1}, in place of the tag "${TAG}" of input`;
    labels.push(sign === "+" ? 1 : 0);
  }
  return labels;
}

/** The texts between tags from `start` on, each with the number of the tag that ends it. */
function stepsFrom(pieces: readonly string[], start: number): { text: string; piece: number }[] {
  let begin = 0;
  return pieces.flatMap((content, piece) => {
    const text = content.slice(Math.max(0, start - begin)).trim();
    begin += content.length + TAG.length;
    return text === "" ? [] : [{ text, piece }];
  });
}
