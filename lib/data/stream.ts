import { type Attempt, derive, type Labelled, type StepEvidence, withOutcome } from "./attempt.js";
import { type OpenFile, openRecords } from "./files.js";
import { checkImages } from "./images.js";
import { type Reader, readStream, type Remarks, type SolutionOptions } from "./reader.js";
import { readers, recognise } from "./sources/index.js";
import type { Solution, Source } from "./types.js";

/** What was in a file of solutions, after it has been read. */
export interface FileSummary extends Remarks {
  readonly source: Source & { readonly format: string };
  readonly solutions: number;
  /** how many solutions have evidence of their steps of each kind */
  readonly evidence: Readonly<Partial<Record<StepEvidence["kind"], number>>>;
  /** where it is known whether answers are right: from the file, derived as the options say, or not */
  readonly outcomes: { readonly stated: number; readonly derived: number; readonly unknown: number };
  /** one line */
  readonly text: string;
}

/** Solutions of a file, read once from its beginning, a few at a time. */
export interface SolutionStream {
  readonly format: string;
  /** with what is known of them */
  labelled(): AsyncGenerator<readonly Labelled[]>;
  /** with outcomes; those whose outcome cannot be derived are left out and counted */
  solutions(): AsyncGenerator<readonly Solution[]>;
  /** after the last of them */
  summary(): FileSummary;
}

/**
 * Opens a file of solutions in the format that its first records show, or in one of `formats`.
 *
 * @throws DataError for an unknown or ambiguous file, listing what was looked for
 */
export async function openSolutions(
  path: string,
  options: SolutionOptions,
  formats: readonly Reader[] = readers,
): Promise<SolutionStream> {
  const file = await openRecords(path);
  const reader = await recognised(file, formats);
  const { format } = reader;
  const count = counter();
  let remarks: Remarks = { withoutSteps: 0, notes: [] };
  async function* labelled() {
    const stream = readStream(reader, file, options);
    try {
      for (let next = await stream.next(); ; next = await stream.next()) {
        if (next.done) {
          remarks = next.value;
          return;
        }
        const batch = next.value.map((attempt) => count(attempt, derive(attempt, options)));
        checkImages(path, batch, options);
        yield batch;
      }
    } finally {
      await stream.return(remarks); // closes the file when it is not read to its end
    }
  }
  return {
    format,
    labelled,
    async *solutions() {
      for await (const batch of labelled()) {
        yield batch.flatMap((item) => withOutcome(item, options, { path, format }) ?? []);
      }
    },
    summary: () => count.summary({ ...file.source(), format }, remarks, options),
  };
}

async function recognised(file: OpenFile, formats: readonly Reader[]): Promise<Reader> {
  try {
    return recognise(file, formats);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function counter() {
  const questions = new Set<string>();
  const evidence: Partial<Record<StepEvidence["kind"], number>> = {};
  const outcomes = { stated: 0, derived: 0, unknown: 0 };
  let [solutions, right] = [0, 0];
  const count = (attempt: Attempt, labelled: Labelled): Labelled => {
    const { kind } = attempt.evidence;
    solutions++;
    if (labelled.correct) right++;
    questions.add(labelled.questionId);
    evidence[kind] = (evidence[kind] ?? 0) + 1;
    outcomes[labelled.correct === undefined ? "unknown" : labelled.outcomeDerived ? "derived" : "stated"]++;
    return labelled;
  };
  const summary = (source: FileSummary["source"], remarks: Remarks, options: SolutionOptions): FileSummary => {
    const { withoutSteps } = remarks;
    const fate = options.withoutSteps === "skip" ? "left out" : "each kept as one step";
    const without = withoutSteps === 0 ? "" : `, ${withoutSteps} without recognisable steps (${fate})`;
    const unknown = outcomes.unknown === 0 ? "" : `, ${outcomes.unknown} without a known outcome`;
    const text = `${solutions} solutions of ${questions.size} questions, ${right} right${unknown}${without}`;
    const underivable = `${outcomes.unknown} solution(s) whose outcome cannot be derived from "${options.outcome}"`;
    const notes = outcomes.unknown > 0 && options.outcome ? [...remarks.notes, underivable] : remarks.notes;
    return { source, solutions, evidence, outcomes, withoutSteps, notes, text };
  };
  return Object.assign(count, { summary });
}
