import { finalAnswer } from "../text/answer.js";
import { splitQuestion } from "../text/question.js";
import { hasSteps, splitSteps } from "../text/steps.js";
import { conversationSamples, isConversation } from "./dreamprm15.js";
import { DataError, readRecords, type RecordFile } from "./files.js";
import { questionNames, uniqueNames } from "./identity.js";
import { checkImages, imageAt, type ImageOptions } from "./images.js";
import { checkTrainOptions } from "./options.js";
import { defineReader } from "./reader.js";
import { metaRow, trainRow } from "./schema.js";
import { stepsAt } from "./stepStarts.js";
import type { StepSample, TrainSet } from "./types.js";
import { rowReport, validateRows } from "./validate.js";

export interface TrainOptions extends ImageOptions {
  /** the domains that may occur; defaults to any */
  readonly domains?: readonly string[];
  /** without the one-line summary */
  readonly quiet?: boolean;
}

/** accuracies in files are rounded */
const ROUNDING = 0.01;

/**
 * Loads step prefixes with their labels: DreamPRM's training format (`input, add, image_path, dataset, accuracy`;
 * optional `id, sid, ground_truth, score, times` and our `question_id, step_label, step_starts`) with Monte-Carlo
 * shares, or DreamPRM-1.5's conversations with hard labels; JSON, JSON lines or Parquet, gzipped or not.
 *
 * @throws DataError naming row, field, value and what is expected, for up to 20 faults at once
 */
export async function loadTrainSet(path: string, options: TrainOptions = {}): Promise<TrainSet> {
  checkTrainOptions(options, "loadTrainSet");
  const file = await readRecords(path);
  const { samples, system } = readSamples(file, options);
  checkImages(path, samples, options);
  const domains = [...new Set(samples.map(({ domain }) => domain))];
  const set = { samples, domains, source: file.source, ...(system !== undefined && { system }) };
  if (!options.quiet) console.log(summarise(set));
  return set;
}

function readSamples(file: RecordFile, options: TrainOptions): Pick<TrainSet, "samples" | "system"> {
  const [first, ...rest] = file.records.map(isConversation);
  const other = rest.indexOf(!first) + 1;
  if (other > 0) {
    const [row, before] = first ? ["DreamPRM's", "DreamPRM-1.5's"] : ["DreamPRM-1.5's", "DreamPRM's"];
    throw new DataError(
      `${file.path}: row ${other} (rows count from 0) is in ${row} format, those before it in ${before}; keep each format in a file of its own`,
    );
  }
  return first ? conversationSamples(file, options) : { samples: readTrainRows(file, options) };
}

export function readTrainRows(file: RecordFile, options: TrainOptions): StepSample[] {
  const rows = validateRows(file, trainRow);
  const report = rowReport(file.path);
  const allowed = options.domains && new Set(options.domains);
  const names = questionNames();
  const unique = uniqueNames();
  const samples = rows.map((row, i): StepSample => {
    const { accuracy, score, times } = row;
    const at = { row: i, value: file.records[i] };
    if (allowed && !allowed.has(row.dataset)) {
      report.add(at, "dataset", row.dataset, `one of the domains ${[...allowed].join(", ")}`);
    }
    if (score != null && times != null && !(times > 0 && Math.abs(score / times - accuracy) <= ROUNDING)) {
      report.add(at, "accuracy", accuracy, `score / times = ${score} / ${times}`);
    }
    const steps = row.step_starts ? stepsAt(row.add, row.step_starts) : splitSteps(row.add);
    if (steps === undefined)
      report.add(at, "step_starts", row.step_starts, "offsets of steps that `add` joins by blank lines");
    const image = imageAt(row.image_path, file.path, options);
    return {
      id: unique([row.id ?? `row ${i}`, ...(row.sid == null ? [] : [row.sid])].join("-"), i),
      questionId: row.question_id ?? names.of(row.input, row.image_path),
      question: row.input,
      steps: steps ?? [],
      domain: row.dataset,
      target: accuracy,
      ...(image !== undefined && { image }),
      ...(score != null && { score }),
      ...(times != null && { times }),
      ...(row.step_label != null && { trueLabel: row.step_label }),
    };
  });
  report.throwIfAny();
  return samples;
}

function summarise({ samples, domains, source }: TrainSet): string {
  const questions = new Set(samples.map(({ questionId }) => questionId)).size;
  const mean = samples.reduce((sum, { target }) => sum + target, 0) / samples.length;
  return `${source.path}: ${samples.length} step prefixes of ${questions} questions, ${domains.length} domain(s), mean accuracy ${mean.toFixed(3)}`;
}

/**
 * DreamPRM's meta format: `true_false, input (question and whole response), image_path`; optional `id, dataset` and
 * our `question_id, generator, step_starts, step_labels`. A row that holds the question alone is one empty step.
 */
export const dreamprmMeta = defineReader({
  format: "DreamPRM meta",
  fields: ["input", "true_false"],
  row: metaRow,
  open: (sheet) => (row, at) => {
    const parts = partsOf(row.input, row.step_starts);
    if (parts === undefined) {
      sheet.fault(at, "step_starts", row.step_starts, "offsets of steps that `input` joins by blank lines");
      return [];
    }
    const { question, steps, recognised } = parts;
    if (row.step_labels && row.step_labels.length !== steps.length) {
      sheet.fault(at, "step_labels", row.step_labels, `one label for each of the ${steps.length} steps`);
      return [];
    }
    if (!recognised && !sheet.withoutSteps()) return [];
    const image = sheet.image(row.image_path);
    const answer = finalAnswer(steps);
    return [
      {
        id: sheet.id(row.id ?? `row ${at.row}`, at),
        questionId: row.question_id ?? sheet.questionId(question, row.image_path),
        question,
        steps,
        outcome: row.true_false,
        evidence: row.step_labels ? { kind: "step", labels: row.step_labels } : { kind: "outcome" },
        ...(image !== undefined && { image }),
        ...(row.dataset != null && { domain: row.dataset }),
        ...(row.generator != null && { generator: row.generator }),
        ...(answer !== undefined && { answer }),
      },
    ];
  },
});

/** Question and steps of an `input`; undefined when the offsets do not fit it. */
export function partsOf(input: string, starts?: readonly number[] | null) {
  if (starts) {
    const steps = stepsAt(input, starts);
    const question = starts.length === 0 ? input : input.slice(0, starts[0]).trimEnd();
    return steps && { question, steps, recognised: starts.length > 0 };
  }
  const { question, response } = splitQuestion(input);
  const recognised = hasSteps(response);
  return { question, steps: recognised ? splitSteps(response) : [response], recognised };
}
