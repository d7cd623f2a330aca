import { Command } from "commander";
import { readFile } from "node:fs/promises";
import { useBackend } from "../core/backend.js";
import { parseOptions } from "../core/check.js";
import { pointFile, runFile } from "./replayFiles.js";
import { replayPoint } from "./replayPoint.js";
import { replayRun } from "./replayRun.js";

/** How far we are from each compared value: max |ours − theirs| / max |theirs| over its entries. */
export type Deviations = Readonly<Record<string, number>>;

export interface Replay {
  readonly file: string;
  readonly deviations: Deviations;
}

export function replayCommand(): Command {
  return new Command("replay")
    .description("replay reference runs on the chosen backend and print the largest relative deviations")
    .argument("<files...>", "runs or single points in JSON")
    .option("--tolerance <number>", "largest relative deviation let through", Number, 1e-3)
    .option("--json", "print one JSON value")
    .action(async (files: string[], { tolerance, json }: { tolerance: number; json?: boolean }) => {
      const { name } = await useBackend();
      const replays: Replay[] = [];
      for (const file of files) replays.push(await replay(file));
      const worst = ({ deviations }: Replay) =>
        Math.max(0, ...Object.values(deviations).map((d) => (Number.isNaN(d) ? Infinity : d)));
      const failed = replays.filter((r) => worst(r) > tolerance).length;
      if (json) console.log(JSON.stringify({ backend: name, tolerance, failed, replays }));
      else
        console.log(
          [`backend ${name}, tolerance ${tolerance}`, ...replays.map((r) => format(r, tolerance))].join("\n"),
        );
      if (failed > 0) process.exitCode = 1;
    });
}

function format({ file, deviations }: Replay, tolerance: number): string {
  const lines = Object.entries(deviations).map(
    ([what, d]) => `  ${d <= tolerance ? "ok  " : "FAIL"} ${d.toExponential(2)}  ${what}`,
  );
  return [file, ...lines].join("\n");
}

/** @throws Error naming the file and what is wrong in it */
export async function replay(file: string): Promise<Replay> {
  const json: unknown = JSON.parse(await readFile(file, "utf8"));
  const isRun = typeof json === "object" && json !== null && "config" in json;
  const deviations = isRun
    ? await replayRun(parseOptions(runFile, json, `${file} is no reference run`))
    : await replayPoint(parseOptions(pointFile, json, `${file} is neither a reference run nor a point`));
  return { file, deviations };
}
