import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { readNotebook, saveNotebook, type Cell } from "./document.js";
import { failureOf, recordFailure, type Failure, type FailureKind } from "./failure.js";
import { KernelTimeoutError, startKernel, type Kernel, type KernelOutput } from "./kernel.js";
import { OutputRecorder } from "./outputs.js";
import { injectParameters, type Parameters } from "./parameters.js";

export interface RunNotebookOptions {
  /** values for names that the cell tagged `parameters` declares */
  parameters?: Parameters;
  /** where the notebook with its outputs is saved; defaults to the notebook itself */
  out?: string;
  /** for each cell; defaults to 10 minutes */
  timeoutMs?: number;
  /** defaults to the notebook's folder */
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** where the cells' texts are copied to while they run; defaults to nowhere */
  stream?: { write(text: string): unknown };
  /** ends the kernel and fails with "interrupted"; what ran until then is saved */
  signal?: AbortSignal;
}

export interface NotebookResult {
  path: string;
  out: string;
  /** code cells that were run, without empty ones */
  cells: number;
  wallMs: number;
}

/** A notebook that could not be run to its end; its outputs up to there are saved. */
export class NotebookError extends Error {
  override readonly name = "NotebookError";
  constructor(
    /** the notebook */
    readonly path: string,
    /** position of the failed cell among all cells, from 1 */
    readonly cell: number,
    readonly source: string,
    readonly kind: FailureKind,
    /** the error as the kernel printed it */
    readonly error: string,
  ) {
    super(`${path}, cell ${cell}: ${kind}\n${numbered(source)}\n${error}`);
  }
}

/**
 * Runs all code cells of a notebook, in order, on a fresh tslab kernel and saves it with outputs and execution counts.
 *
 * The file is replaced atomically after every cell, so whatever ends the run leaves a valid notebook with the outputs
 * so far. Nothing volatile is stored (times, display ids): a second run differs only where its outputs do.
 *
 * @throws NotebookError at the first cell with an exception, a type error or an error nobody caught, when a cell
 *   exceeds its time, when the kernel dies, and on `signal`
 * @throws Error when the file is no TypeScript notebook or the parameters do not fit it; nothing is written then
 */
export async function runNotebook(path: string, options: RunNotebookOptions = {}): Promise<NotebookResult> {
  const {
    parameters = {},
    out = path,
    timeoutMs = 600_000,
    cwd = dirname(resolve(path)),
    env = {},
    stream,
    signal,
  } = options;
  const start = performance.now();
  const notebook = injectParameters(await readNotebook(path), parameters);
  const kernel = await startKernel({ cwd, env: { DREAMPRM_NOTEBOOK: resolve(out), ...env } });
  const interrupted = interruption(signal);
  const recorder = new OutputRecorder();
  let ran = 0;
  try {
    notebook.metadata["kernelspec"] = { display_name: "TypeScript", language: "typescript", name: "tslab" };
    notebook.metadata["language_info"] = kernel.languageInfo;
    await mkdir(dirname(resolve(out)), { recursive: true });
    await saveNotebook(out, notebook);
    for (const [index, cell] of notebook.cells.entries()) {
      if (cell.cell_type !== "code" || cell.source.trim() === "") continue;
      stream?.write(`── cell ${index + 1} of ${notebook.cells.length}\n`);
      const onOutput = (output: KernelOutput) => {
        recorder.record(cell, output);
        stream?.write(printable(output));
      };
      const failure = await Promise.race([runCell(kernel, cell, timeoutMs, onOutput), interrupted]);
      if (failure) recordFailure((cell.outputs ??= []), failure);
      await saveNotebook(out, notebook);
      if (failure) throw new NotebookError(path, index + 1, cell.source, failure.kind, failure.message);
      ran++;
    }
  } finally {
    await kernel.close();
  }
  return { path, out, cells: ran, wallMs: performance.now() - start };
}

async function runCell(
  kernel: Kernel,
  cell: Cell,
  timeoutMs: number,
  onOutput: (output: KernelOutput) => void,
): Promise<Failure | undefined> {
  try {
    const reply = await kernel.execute(cell.source, { timeoutMs, onOutput });
    cell.execution_count = reply.executionCount ?? null;
    return failureOf(cell.source, reply);
  } catch (error) {
    const kind = error instanceof KernelTimeoutError ? "timeout" : "kernel died";
    return { kind, message: error instanceof Error ? error.message : String(error) };
  }
}

function interruption(signal: AbortSignal | undefined): Promise<Failure> {
  const failure: Failure = { kind: "interrupted", message: "the run was interrupted; the kernel was ended" };
  return new Promise((resolve) => {
    if (signal?.aborted) resolve(failure);
    signal?.addEventListener("abort", () => resolve(failure), { once: true });
  });
}

/** What a terminal can show of an output. */
function printable({ type, content }: KernelOutput): string {
  if (type === "stream") return String(content["text"]);
  if (type !== "display_data" && type !== "execute_result") return "";
  const data = content["data"] as Record<string, unknown>;
  const text = data["text/plain"];
  return typeof text === "string" ? `${text}\n` : `[${Object.keys(data).join(", ")}]\n`;
}

function numbered(source: string): string {
  const width = String(source.split("\n").length).length;
  return source
    .split("\n")
    .map((line, index) => `  ${String(index + 1).padStart(width)} | ${line}`)
    .join("\n");
}
