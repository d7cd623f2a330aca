import { hasSteps } from "../text/steps.js";
import { derive, type Labelled } from "./attempt.js";
import { readTrainRows } from "./dreamprm.js";
import { readRecords, type RecordFile } from "./files.js";
import { readAll } from "./reader.js";
import { readers, recognise } from "./sources/index.js";
import type { StepSample } from "./types.js";

/** A row as a reader sees it; whether the answer is right may be unknown. */
export type InspectedRow = Labelled | StepSample;

export interface DomainSummary {
  readonly domain: string;
  readonly rows: number;
  /** share of right answers among the known ones, where there are any; of training rows the mean accuracy */
  readonly right?: number;
  /** share of right steps among the labelled ones, where there are any */
  readonly rightSteps?: number;
  /** share of labelled training rows whose rounded accuracy differs from the true label */
  readonly labelNoise?: number;
}

/** What a data file holds; plain data. */
export interface Inspection {
  readonly path: string;
  readonly sha256: string;
  readonly format: string;
  readonly rows: number;
  readonly questions: number;
  readonly total: DomainSummary;
  readonly domains: readonly DomainSummary[];
  /** how many rows have how many steps, ascending */
  readonly steps: readonly { readonly steps: number; readonly rows: number }[];
  readonly withoutSteps: number;
  readonly notes: readonly string[];
  /** the first row that has steps */
  readonly example: InspectedRow;
}

interface Contents {
  readonly items: readonly InspectedRow[];
  readonly withoutSteps: number;
  readonly notes: readonly string[];
}

const training = {
  format: "DreamPRM train",
  fields: ["input", "add", "accuracy"],
  read: (file: RecordFile): Contents => withMarks(readTrainRows(file, {})),
};

/** Reads a file of any known format and counts what is in it. */
export async function inspectFile(path: string): Promise<Inspection> {
  const file = await readRecords(path);
  const solutions = readers.map((reader) => ({
    ...reader,
    read: (file: RecordFile): Contents => {
      const { attempts, withoutSteps, notes } = readAll(reader, file, {});
      return { items: attempts.map((attempt) => derive(attempt)), withoutSteps, notes };
    },
  }));
  const format = recognise({ path, first: file.records }, [training, ...solutions]);
  const { items, withoutSteps, notes } = format.read(file);
  const byDomain = groupBy(items, ({ domain }) => domain ?? "(none)");
  const bySteps = groupBy(items, ({ steps }) => steps.length);
  return {
    path,
    sha256: file.source.sha256,
    format: format.format,
    rows: items.length,
    questions: new Set(items.map(({ questionId }) => questionId)).size,
    total: summarise("all", items),
    domains: [...byDomain].map(([domain, rows]) => summarise(domain, rows)),
    steps: [...bySteps].map(([steps, rows]) => ({ steps, rows: rows.length })).sort((a, b) => a.steps - b.steps),
    withoutSteps,
    notes,
    example: items.find(({ steps }) => steps.length > 1) ?? items[0],
  };
}

function withMarks(items: readonly InspectedRow[]): Contents {
  return {
    items,
    withoutSteps: items.filter(({ steps }) => steps.length === 1 && !hasSteps(steps[0])).length,
    notes: [],
  };
}

function summarise(domain: string, items: readonly InspectedRow[]): DomainSummary {
  const right = items.flatMap((item) => {
    if ("target" in item) return item.target;
    return item.correct === undefined ? [] : Number(item.correct);
  });
  const labels = items.flatMap((item) => ("target" in item ? (item.trueLabel ?? []) : (item.stepLabels ?? [])));
  const known = labels.filter((label): label is 0 | 1 => label !== null);
  const noisy = items.flatMap((item) =>
    "target" in item && item.trueLabel !== undefined ? [Number(Math.round(item.target) !== item.trueLabel)] : [],
  );
  return {
    domain,
    rows: items.length,
    ...(right.length > 0 && { right: mean(right) }),
    ...(known.length > 0 && { rightSteps: mean(known) }),
    ...(noisy.length > 0 && { labelNoise: mean(noisy) }),
  };
}

/** The summary as text for a terminal. */
export function formatInspection(inspection: Inspection): string {
  const { path, format, rows, questions, sha256, total, domains, steps, withoutSteps, notes, example } = inspection;
  const table = [total, ...domains];
  const width = Math.max(...table.map(({ domain }) => domain.length));
  const percent = (share: number | undefined) =>
    (share === undefined ? "–" : `${(100 * share).toFixed(1)} %`).padStart(12);
  return [
    `${path}: ${format}, ${rows} rows of ${questions} questions, sha256 ${sha256.slice(0, 12)}`,
    "",
    `${"domain".padEnd(width)}    rows       right right steps label noise`,
    ...table.map(
      ({ domain, rows, right, rightSteps, labelNoise }) =>
        `${domain.padEnd(width)} ${String(rows).padStart(7)}${[right, rightSteps, labelNoise].map(percent).join("")}`,
    ),
    "",
    `steps per row: ${steps.map(({ steps, rows }) => `${steps}: ${rows}`).join(", ")}`,
    `rows without recognisable steps: ${withoutSteps}`,
    ...notes,
    "",
    `example ${example.id}${example.image === undefined ? "" : ` (image ${example.image})`}`,
    example.question,
    ...example.steps.map((step, i) => `[${i + 1}] ${step}${mark(example, i)}`),
  ].join("\n");
}

function mark(example: InspectedRow, step: number): string {
  if ("target" in example) return step === example.steps.length - 1 ? `  (accuracy ${example.target})` : "";
  const share = example.stepShares?.[step] ?? null;
  if (share !== null) return `  (share ${share})`;
  const label = example.stepLabels?.[step] ?? null;
  return label === null ? "" : label === 1 ? "  (right)" : "  (wrong)";
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
