import { readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";

/** An output of a code cell, as nbformat stores it. */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: MimeBundle; metadata: Record<string, unknown> }
  | {
      output_type: "execute_result";
      data: MimeBundle;
      metadata: Record<string, unknown>;
      execution_count: number | null;
    }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

export type MimeBundle = Record<string, unknown>;

/** A cell with its source as one text; raw and Markdown cells have no outputs. */
export interface Cell {
  id: string;
  cell_type: "code" | "markdown" | "raw";
  source: string;
  metadata: { tags?: string[] | undefined; [key: string]: unknown };
  outputs?: Output[];
  execution_count?: number | null;
  attachments?: unknown;
}

/** A Jupyter notebook (nbformat 4.5). */
export interface Notebook {
  metadata: Record<string, unknown>;
  cells: Cell[];
}

const text = z.union([z.string(), z.array(z.string())]).transform((lines) => [lines].flat().join(""));
const metadata = z.looseObject({ tags: z.array(z.string()).optional() });
const cellSchema = z.looseObject({
  id: z.string().optional(),
  cell_type: z.enum(["code", "markdown", "raw"]),
  source: text,
  metadata: metadata.default({}),
  attachments: z.unknown().optional(),
});
const notebookSchema = z.looseObject({
  nbformat: z.literal(4, "only notebooks of nbformat 4 can be run; open and save it in JupyterLab to convert it"),
  metadata: z.looseObject({ kernelspec: z.looseObject({ name: z.string() }).optional() }),
  cells: z.array(cellSchema),
});

/**
 * Reads a notebook for a fresh run: without outputs, execution counts and times of an earlier one.
 *
 * @throws Error naming the file, the place in it and the fault; also when the notebook is for another kernel
 */
export async function readNotebook(path: string): Promise<Notebook> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const fault = error instanceof SyntaxError ? `not JSON (${error.message})` : String(error);
    throw new Error(`${path}: ${fault}`, { cause: error });
  }
  const parsed = notebookSchema.safeParse(json);
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 5)
      .map(({ path: at, message }) => `${at.join(".") || "root"}: ${message}`);
    throw new Error(`${path} is not a notebook that can be run: ${faults.join("; ")}`);
  }
  const { kernelspec } = parsed.data.metadata;
  if (kernelspec && kernelspec.name !== "tslab")
    throw new Error(`${path} is for the kernel "${kernelspec.name}"; only TypeScript notebooks ("tslab") can be run`);
  const ids = new Set<string>();
  const cells = parsed.data.cells.map(({ id, cell_type, source, metadata, attachments }, index): Cell => {
    const cell: Cell = { id: uniqueId(id ?? `cell-${index + 1}`, ids), cell_type, source, metadata: clean(metadata) };
    if (attachments !== undefined) cell.attachments = attachments;
    if (cell_type === "code") Object.assign(cell, { outputs: [], execution_count: null });
    return cell;
  });
  return { metadata: parsed.data.metadata, cells };
}

/**
 * Saves a notebook atomically, byte for byte as Jupyter would: sorted keys, texts as lists of lines, one space of
 * indentation; so runs from the command line and from JupyterLab differ only where their outputs do.
 */
export async function saveNotebook(path: string, { metadata, cells }: Notebook): Promise<void> {
  const saved = { nbformat: 4, nbformat_minor: 5, metadata, cells: cells.map(splitCell) };
  await writeFileAtomic(path, `${JSON.stringify(sortKeys(saved), undefined, 1)}\n`);
}

function clean({ execution: _times, papermill: _papermill, ...kept }: Cell["metadata"]): Cell["metadata"] {
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

/** The id itself, or with a number where a copied cell shares it; nbformat wants them unique within a notebook. */
export function uniqueId(id: string, taken: Set<string>): string {
  let unique = id;
  for (let copy = 2; taken.has(unique); copy++) unique = `${id}-${copy}`;
  taken.add(unique);
  return unique;
}

function splitCell(cell: Cell): Record<string, unknown> {
  return { ...cell, source: lines(cell.source), ...(cell.outputs && { outputs: cell.outputs.map(splitOutput) }) };
}

function splitOutput(output: Output): Record<string, unknown> {
  switch (output.output_type) {
    case "stream":
      return { ...output, text: lines(output.text) };
    case "display_data":
    case "execute_result":
      return { ...output, data: Object.fromEntries(Object.entries(output.data).map(splitMime)) };
    case "error":
      return output;
  }
}

function splitMime([mime, value]: [string, unknown]): [string, unknown] {
  const isText = mime.startsWith("text/") || mime === "image/svg+xml" || mime === "application/javascript";
  return [mime, isText && typeof value === "string" ? lines(value) : value];
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sortKeys(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
