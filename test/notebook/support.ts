import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** A folder inside the project, where cells find the project's packages; `dist/` is never committed. */
export function temporaryFolder(): string {
  mkdirSync(join(root, "dist"), { recursive: true });
  return mkdtempSync(join(root, "dist", ".test-notebook-"));
}

/** `os.tmpdir()` of this test file alone, so that what a kernel leaves there can be seen. */
export function privateTmpdir(): string {
  return (process.env["TMPDIR"] = mkdtempSync(join(tmpdir(), "t-")));
}

/** The kernel preloads compiled files; these two are compiled alone, so that the tests need no build. */
export function compileGuard(): void {
  mkdirSync(join(root, "dist", "notebook"), { recursive: true });
  for (const name of ["guard", "processes"]) {
    const source = readFileSync(join(root, "lib", "notebook", `${name}.ts`), "utf8");
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(source, { compilerOptions });
    writeFileSync(join(root, "dist", "notebook", `${name}.js`), outputText);
  }
}

export interface TestCell {
  source: string;
  type?: "code" | "markdown";
  tags?: string[];
}

/** Writes a notebook as an old JupyterLab would: without cell ids, with left-over outputs and times. */
export function writeNotebook(path: string, cells: readonly TestCell[], metadata: Record<string, unknown> = {}): void {
  const stale = { outputs: [{ output_type: "stream", name: "stdout", text: "stale" }], execution_count: 99 };
  const written = cells.map(({ source, type = "code", tags }) => ({
    cell_type: type,
    metadata: { ...(tags && { tags }), execution: { "iopub.status.busy": "2001-01-01T00:00:00Z" } },
    source: source.split(/(?<=\n)/),
    ...(type === "code" && stale),
  }));
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 4, metadata, cells: written }));
}

export interface SavedCell {
  id: string;
  cell_type: string;
  source: string[];
  metadata: Record<string, unknown>;
  execution_count?: number | null;
  outputs?: Record<string, unknown>[];
}

export function readCells(path: string): SavedCell[] {
  return (JSON.parse(readFileSync(path, "utf8")) as { cells: SavedCell[] }).cells;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

export async function until(claim: () => boolean, timeoutMs = 10_000): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50)))
    if (claim()) return true;
  return claim();
}
