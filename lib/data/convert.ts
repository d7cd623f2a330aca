import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Labelled } from "./attempt.js";
import { poolsOf } from "./dreamprm15.js";
import { type ImportRecord, importRecordPath, type ImportStream, openImport } from "./import.js";
import { checkSolutionOptions } from "./options.js";
import { noStepLabels, toEvaluationRows, toMetaRows, toPoolRows, trainRowsOf } from "./rows.js";
import type { SolutionSetOptions } from "./solutions.js";
import { splitByQuestion } from "./split.js";
import type { Solution } from "./types.js";
import { writeRows } from "./write.js";

export type Part = "train" | "meta" | "test" | "pool";

export interface ConvertOptions extends SolutionSetOptions {
  /** a file, or without `to` a folder for train.json, meta.json and test.json */
  readonly out: string;
  /** writes all as one part; defaults to a split by question */
  readonly to?: Part;
  /** training labels; defaults to the outcome where the source states one, else the steps' own */
  readonly labels?: "outcome" | "steps";
  /** of the split; defaults to 1 */
  readonly seed?: number;
}

/** What was written, and every choice of how labels were made; kept in a file next to it, for a run to store. */
export interface Conversion extends ImportRecord {
  readonly written: readonly { readonly file: string; readonly rows: number }[];
  /** how many solutions' training rows carry labels of each kind; absent without training rows */
  readonly labels?: { readonly outcome: number; readonly steps: number };
  /** of the split, where there was one */
  readonly seed?: number;
  /** where this is kept */
  readonly recordFile: string;
}

/**
 * Turns files of foreign formats into files of ours. With `to` "train", "meta" or "test" rows are written as they are
 * read; a split by question and pools need all solutions in memory.
 *
 * @throws DataError naming file, row, field, value and what is expected, for up to 20 faults at once
 */
export async function convert(paths: readonly string[], options: ConvertOptions): Promise<Conversion> {
  const { out, to, labels, seed = 1, ...reading } = options;
  checkSolutionOptions(reading, "convert");
  const stream = openImport(paths, reading);
  const folder = to ? path.dirname(out) : out;
  const counts = { outcome: 0, steps: 0 };
  const written: { file: string; rows: number }[] = [];
  const write = async (file: string, rows: AsyncIterable<object> | Iterable<object>) =>
    written.push({ file, rows: await writeRows(file, rows) });

  if (to === "pool") await write(out, toPoolRows(poolsOf(await all(stream)), { folder }));
  else if (to) await write(out, rowsOf(to, stream, labels, folder, counts));
  else {
    const parts = splitByQuestion(await all(stream), { seed });
    await write(path.join(out, "train.json"), trainingRows(parts.train, labels, folder, counts));
    await write(path.join(out, "meta.json"), toMetaRows(parts.meta, { folder }));
    await write(path.join(out, "test.json"), toEvaluationRows(parts.test, { folder }));
  }

  const recordFile = to ? importRecordPath(out) : path.join(out, "import.json");
  const conversion: Conversion = {
    written,
    ...(counts.outcome + counts.steps > 0 && { labels: counts }),
    ...(!to && { seed }),
    ...stream.record(),
    recordFile,
  };
  await writeFileAtomic(recordFile, `${JSON.stringify(conversion, null, 2)}\n`);
  return conversion;
}

async function all(stream: ImportStream): Promise<Solution[]> {
  const solutions: Solution[] = [];
  for await (const solution of stream.solutions()) solutions.push(solution);
  return solutions;
}

async function* rowsOf(
  to: "train" | "meta" | "test",
  stream: ImportStream,
  labels: ConvertOptions["labels"],
  folder: string,
  counts: { outcome: number; steps: number },
): AsyncGenerator<object> {
  if (to === "train") {
    yield* trainingRows(labels === "outcome" ? stream.solutions() : stream.labelled(), labels, folder, counts);
    return;
  }
  const rows = to === "meta" ? toMetaRows : toEvaluationRows;
  for await (const solution of stream.solutions()) yield* rows([solution], { folder });
}

async function* trainingRows(
  solutions: AsyncIterable<Labelled> | Iterable<Labelled>,
  labels: ConvertOptions["labels"],
  folder: string,
  counts: { outcome: number; steps: number },
): AsyncGenerator<object> {
  let [read, written] = [0, 0];
  for await (const solution of solutions) {
    const stated = solution.correct !== undefined && !solution.outcomeDerived;
    const kind = labels ?? (stated ? "outcome" : "steps");
    const rows = trainRowsOf(solution, { labels: kind, folder });
    read++;
    written += rows.length;
    if (rows.length > 0) counts[kind]++;
    yield* rows;
  }
  if (written === 0) throw noStepLabels(read);
}
