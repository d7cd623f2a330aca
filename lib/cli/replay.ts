import { Command } from "commander";
import { readFile, stat } from "node:fs/promises";
import { useBackend } from "../core/backend.js";
import { parseOptions } from "../core/check.js";
import { pointFile, runFile } from "./replayFiles.js";
import { replayFolder } from "./replayFolder.js";
import { replayPoint } from "./replayPoint.js";
import { replayRun } from "./replayRun.js";

/** How far we are from each compared value. */
export type Deviations = Readonly<Record<string, number>>;

export interface Compared {
  /** max |ours − theirs| / max |theirs| over a value's entries */
  readonly deviations: Deviations;
  /** max |ours − theirs|, for values whose scale is known */
  readonly absolute: Deviations;
}

export interface Replay extends Compared {
  readonly file: string;
}

interface Tolerances {
  readonly tolerance: number;
  readonly absoluteTolerance: number;
}

export function replayCommand(): Command {
  return new Command("replay")
    .description("replay reference runs and models on the chosen backend and print the largest deviations")
    .argument("<files...>", "runs or single points in JSON, or folders with a tiny model")
    .option("--tolerance <number>", "largest relative deviation let through", Number, 1e-3)
    .option("--absolute-tolerance <number>", "largest absolute deviation of logits let through", Number, 2e-4)
    .option("--json", "print one JSON value")
    .action(async (files: string[], { json, ...tolerances }: Tolerances & { json?: boolean }) => {
      const { name } = await useBackend();
      const replays: Replay[] = [];
      for (const file of files) replays.push(await replay(file));
      const failed = replays.filter((r) => comparisons(r, tolerances).some(({ passes }) => !passes)).length;
      if (json) console.log(JSON.stringify({ backend: name, ...tolerances, failed, replays }));
      else {
        const { tolerance, absoluteTolerance } = tolerances;
        const head = `backend ${name}, tolerance ${tolerance} relative, ${absoluteTolerance} absolute (±)`;
        console.log([head, ...replays.map((r) => format(r, tolerances))].join("\n"));
      }
      if (failed > 0) process.exitCode = 1;
    });
}

/** NaN never passes. */
function comparisons({ deviations, absolute }: Compared, { tolerance, absoluteTolerance }: Tolerances) {
  const compare = (list: Deviations, limit: number, sign: string) =>
    Object.entries(list).map(([what, d]) => ({ what, text: `${sign}${d.toExponential(2)}`, passes: d <= limit }));
  return [...compare(absolute, absoluteTolerance, "±"), ...compare(deviations, tolerance, " ")];
}

function format(replay: Replay, tolerances: Tolerances): string {
  const lines = comparisons(replay, tolerances).map(
    ({ what, text, passes }) => `  ${passes ? "ok  " : "FAIL"} ${text}  ${what}`,
  );
  return [replay.file, ...lines].join("\n");
}

/** @throws Error naming the file or folder and what is wrong in it */
export async function replay(file: string): Promise<Replay> {
  if ((await stat(file)).isDirectory()) return { file, ...(await replayFolder(file)) };
  const json: unknown = JSON.parse(await readFile(file, "utf8"));
  const isRun = typeof json === "object" && json !== null && "config" in json;
  const deviations = isRun
    ? await replayRun(parseOptions(runFile, json, `${file} is no reference run`))
    : await replayPoint(parseOptions(pointFile, json, `${file} is neither a reference run nor a point`));
  return { file, deviations, absolute: {} };
}
