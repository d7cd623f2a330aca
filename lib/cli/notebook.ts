import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { parseParameter, type Parameters } from "../notebook/parameters.js";
import { NotebookError, runNotebook, type NotebookResult } from "../notebook/run.js";

interface Options {
  parameter: Parameters;
  out?: string;
  timeout: number;
  quiet?: true;
  json?: true;
}

/** `dreamprm notebook run FILE…` */
export function notebookCommand(): Command {
  const run = new Command("run")
    .description("run notebooks on the tslab kernel and save them with their outputs")
    .argument("<files...>", "notebooks (.ipynb)")
    .option("-p, --parameter <name=value>", "set a name that the cell tagged `parameters` declares", collect, {})
    .option("-o, --out <path>", "save here instead of in the notebook itself; a folder for several notebooks")
    .option("--timeout <seconds>", "limit for each cell", positive, 600)
    .option("--quiet", "do not print what the cells print")
    .option("--json", "print the results as one JSON object")
    .action(runAll);
  return new Command("notebook").description("work with notebooks without Jupyter").addCommand(run);
}

type Outcome = NotebookResult | { path: string; error: string; kind?: string; cell?: number; source?: string };

async function runAll(files: string[], { parameter, out, timeout, quiet, json }: Options): Promise<void> {
  const folder = out !== undefined && (files.length > 1 || (await isFolder(out)));
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, onSignal);
  const terminal = json ? process.stderr : process.stdout;
  const outcomes: Outcome[] = [];
  for (const path of files) {
    if (stop.signal.aborted) break;
    if (!quiet) terminal.write(`${path}\n`);
    try {
      const result = await runNotebook(path, {
        parameters: parameter,
        timeoutMs: timeout * 1000,
        signal: stop.signal,
        ...(out !== undefined && { out: folder ? join(out, basename(path)) : out }),
        ...(!quiet && { stream: terminal }),
      });
      outcomes.push(result);
      if (!json) terminal.write(`${result.out}: ${result.cells} cells in ${(result.wallMs / 1000).toFixed(1)} s\n`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      process.stderr.write(message.startsWith(path) ? `${message}\n` : `${path}: ${message}\n`);
      const where = error instanceof NotebookError && { kind: error.kind, cell: error.cell, source: error.source };
      outcomes.push({ path, error: error instanceof NotebookError ? error.error : message, ...where });
      process.exitCode = 1;
    }
  }
  for (const signal of signals) process.off(signal, onSignal);
  if (stop.signal.aborted) process.exitCode = 130;
  if (json) process.stdout.write(`${JSON.stringify({ notebooks: outcomes }, undefined, 2)}\n`);
}

function collect(argument: string, earlier: Parameters): Parameters {
  try {
    return { ...earlier, ...Object.fromEntries([parseParameter(argument)]) };
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function positive(argument: string): number {
  const value = Number(argument);
  if (!(value > 0)) throw new InvalidArgumentError(`${argument} is not a positive number of seconds`);
  return value;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
