import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { max, min } from "simple-statistics";
import type { Source } from "../../data/types.js";
import { AtomicJson } from "../adapter.js";
import { captureEnvironment } from "../environment.js";
import { EventLog } from "../events.js";
import { parseRun, RUN_SCHEMA, type RunData } from "../record.js";
import { newId } from "../startRun.js";
import { thisProcess } from "../status.js";
import type { Store } from "../store.js";
import { readCsv } from "./csvFile.js";
import { type ForeignPoint, readForeign } from "./csvFormats.js";
import { addRuns } from "./staging.js";

/** A run that was imported. */
export interface ImportedRun {
  readonly id: string;
  readonly name: string;
  /** steps with values */
  readonly points: number;
}

/** A run as gathered from one or more files. */
interface Gathered {
  readonly name: string;
  readonly format: string;
  readonly sources: Source[];
  readonly points: ForeignPoint[];
}

/**
 * Adds the runs of CSV files that other trackers exported, as finished runs with the tag "imported": TensorBoard's
 * scalars, W&B's charts and run histories, Trackio's tables. TensorBoard writes a file per metric: those of one run that
 * are imported together become one run. The files and their SHA-256 are the run's data files, the environment is that of
 * the import, and what has no time in the file has that of the import. All files are imported, or none.
 *
 * @throws DataError naming file, line, column and value of a cell that is no number
 * @example
 * await importRuns(store, ["run-a-tag-loss.csv", "run-a-tag-auc.csv"]);
 */
export async function importRuns(store: Store, files: string | readonly string[]): Promise<ImportedRun[]> {
  const gathered: Gathered[] = [];
  for (const path of typeof files === "string" ? [files] : files) gather(gathered, await readCsv(path));
  const { environment } = await captureEnvironment(store.folder);
  const now = Date.now();
  return addRuns(store, async (staging) => {
    const imported: ImportedRun[] = [];
    for (const run of gathered) {
      const times = run.points.map(({ t = now }) => t);
      const [start, end] = [new Date(min(times)), new Date(max(times))];
      const data: RunData = {
        schema: RUN_SCHEMA,
        id: newId(start),
        name: run.name,
        tags: ["imported"],
        notes: "",
        params: {},
        dataFiles: run.sources,
        environment,
        process: thisProcess(),
        status: "finished",
        startedAt: start.toISOString(),
        endedAt: end.toISOString(),
        summary: {},
        artifacts: [],
      };
      await writeRun(join(staging, data.id), data, run, now);
      imported.push({ id: data.id, name: run.name, points: run.points.length });
    }
    return imported;
  });
}

function gather(gathered: Gathered[], file: Awaited<ReturnType<typeof readCsv>>): void {
  const { format, runs } = readForeign(file);
  for (const { name, points } of runs) {
    const same =
      format === "TensorBoard" ? gathered.find((run) => run.format === format && run.name === name) : undefined;
    if (same) {
      same.sources.push(file.source);
      same.points.push(...points);
    } else gathered.push({ name, format, sources: [file.source], points: [...points] });
  }
}

async function writeRun(
  folder: string,
  data: RunData,
  { format, sources, points }: Gathered,
  now: number,
): Promise<void> {
  await mkdir(folder);
  const events = new EventLog(join(folder, "events.jsonl"), data.id);
  try {
    const from = sources.map(({ path, sha256 }) => `${path} (sha256 ${sha256})`).join(", ");
    events.append({ type: "note", t: now, text: `imported from ${format}: ${from}` });
    for (const { step, t = now, metrics } of points) events.append({ type: "metrics", t, step, metrics });
    events.append({ type: "status", t: now, status: "finished", reason: "imported" });
  } finally {
    events.close();
  }
  new AtomicJson(join(folder, "run.json"), parseRun).write(data);
}
