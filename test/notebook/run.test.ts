import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readNotebook } from "../../lib/notebook/document.js";
import { injectParameters } from "../../lib/notebook/parameters.js";
import { NotebookError, runNotebook } from "../../lib/notebook/run.js";
import { compileGuard, readCells, root, temporaryFolder, writeNotebook, type TestCell } from "./support.js";

let folder: string;
beforeAll(() => {
  compileGuard();
  folder = temporaryFolder();
});
afterAll(() => rmSync(folder, { recursive: true }));
vi.setConfig({ testTimeout: 180_000 });

/** A Python with nbformat, where there is one; the format is then checked by Jupyter's own validator. */
const python = [join(root, ".venv/bin/python"), process.env["PYTHON"] ?? "python3"].find(hasNbformat);
function hasNbformat(path: string): boolean {
  return spawnSync(path, ["-c", "import nbformat"]).status === 0;
}

/** The notebook's text after Jupyter read, validated and wrote it. */
function throughJupyter(path: string): string {
  const script = `import nbformat, sys
nb = nbformat.read(sys.argv[1], as_version=nbformat.NO_CONVERT)
nbformat.validate(nb)
sys.stdout.write(nbformat.writes(nb) + "\\n")`;
  return execFileSync(python ?? "", ["-c", script, path], { encoding: "utf8" });
}

/** Writes a notebook of these cells and runs it. */
async function run(name: string, cells: TestCell[], options: Parameters<typeof runNotebook>[1] = {}) {
  const path = join(folder, `${name}.ipynb`);
  writeNotebook(path, cells);
  const result = await runNotebook(path, options).catch((error: unknown) => error);
  return { path, result, cells: readCells(path) };
}

const parameterCell = {
  source: "const iterations = 500, name: 'a' | 'b' = 'a';\nconst seeds = [1, 2, 3];",
  tags: ["parameters"],
};

test("parameters are injected, displays update in place, the saved file is what Jupyter would write", async () => {
  const streamed: string[] = [];
  const out = join(folder, "made", "out.ipynb");
  const { path, result, cells } = await run(
    "whole",
    [
      { source: "# Title\nwith text", type: "markdown" },
      parameterCell,
      { source: "" },
      {
        source: "import { newDisplay, display } from 'tslab';\nconst figure = newDisplay();\nfigure.html('<b>0</b>');",
      },
      {
        source: "for (let i = 1; i <= 3; i++) figure.html(`<b>${i}</b>`);\nconsole.log('line');\nconsole.log('line');",
      },
      { source: "process.stdout.write('10%\\r'); process.stdout.write('100%\\n'); console.warn('careful');" },
      { source: "display.raw('image/svg+xml', '<svg>\\n</svg>'); display.png(Buffer.from('png'));" },
      { source: "console.log(iterations === 500 ? 'default' : iterations * 2, name, seeds);\niterations" },
    ],
    { parameters: { iterations: 200, name: "b", seeds: [7] }, out, stream: { write: (text) => streamed.push(text) } },
  );
  expect(result).toMatchObject({ path, out, cells: 7 });
  expect(cells[1]?.execution_count, "the notebook itself is untouched").toBe(99);

  const saved = readCells(out);
  expect(saved[2]).toMatchObject({
    metadata: { tags: ["injected-parameters"] },
    source: [
      "// Parameters of this run\n",
      "const iterations: number = 200;\n",
      "const name: 'a' | 'b' = \"b\";\n",
      "const seeds = [7];",
    ],
    execution_count: 2,
  });
  expect(saved[3]).toMatchObject({ execution_count: null, outputs: [], source: [] });
  expect(saved[4]?.outputs).toEqual([
    { output_type: "display_data", data: { "text/html": ["<b>3</b>"] }, metadata: {} },
  ]);
  expect(saved[5]?.outputs).toEqual([{ output_type: "stream", name: "stdout", text: ["line\n", "line\n"] }]);
  expect(saved[6]?.outputs).toEqual([
    { output_type: "stream", name: "stdout", text: ["100%\n"] },
    { output_type: "stream", name: "stderr", text: ["careful\n"] },
  ]);
  expect(saved[7]?.outputs?.map(({ data }) => data)).toEqual([
    { "image/svg+xml": ["<svg>\n", "</svg>"] },
    { "image/png": Buffer.from("png").toString("base64") },
  ]);
  expect(saved[8]?.outputs).toEqual([{ output_type: "stream", name: "stdout", text: ["400 b [ 7 ]\n", "200\n"] }]);
  expect(streamed.join("")).toContain("400 b [ 7 ]\n");

  const text = readFileSync(out, "utf8");
  expect(text).not.toMatch(/stale|iopub|display_id|20\d\d-\d\d/);
  const { metadata, nbformat_minor } = JSON.parse(text) as Record<string, unknown>;
  expect(metadata).toMatchObject({ kernelspec: { name: "tslab" }, language_info: { name: "typescript" } });
  expect(nbformat_minor).toBe(5);
  if (python) expect(throughJupyter(out)).toBe(text);

  // A second run changes nothing, but for the cell with a type error that is now at its end.
  const copy = JSON.parse(text) as { cells: unknown[] };
  copy.cells.push({ cell_type: "code", metadata: {}, source: "console.log('not run');\nconst wrong: string = 1;" });
  writeFileSync(out, JSON.stringify(copy));
  await expect(runNotebook(out, { parameters: { iterations: 200, name: "b", seeds: [7] } })).rejects.toMatchObject({
    cell: 10,
    kind: "type error",
    error: "2:7 - Type 'number' is not assignable to type 'string'.",
  });
  const again = readCells(out);
  expect(again.slice(0, -1)).toEqual(saved);
  expect(again.at(-1)?.outputs).toMatchObject([{ output_type: "error", ename: "type error" }]);
});

test("a failed cell is named with its source and error; later cells keep no stale outputs", async () => {
  const failed = await run("exception", [
    { source: "console.log('before')" },
    { source: "console.log('half');\nJSON.parse('null').field;" },
    { source: "1" },
  ]);
  const error = failed.result as NotebookError;
  expect(error).toBeInstanceOf(NotebookError);
  expect(error).toMatchObject({
    cell: 2,
    kind: "exception",
    source: "console.log('half');\nJSON.parse('null').field;",
  });
  expect(error.message).toMatch(
    /exception\.ipynb, cell 2: exception\n {2}1 \| console.*\n {2}2 \| JSON.*\nTypeError: Cannot/,
  );
  expect(failed.cells[0]?.outputs).toMatchObject([{ text: ["before\n"] }]);
  expect(failed.cells[1]?.outputs).toMatchObject([{ text: ["half\n"] }, { output_type: "error", ename: "TypeError" }]);
  expect(failed.cells[2]).toMatchObject({ outputs: [], execution_count: null });
  if (python) expect(throughJupyter(failed.path)).toBe(readFileSync(failed.path, "utf8"));
});

test("an interruption ends the kernel and keeps the outputs so far", async () => {
  const stop = new AbortController();
  const stream = { write: (text: string) => text.includes("reached") && stop.abort() };
  const cells = [{ source: "'kept'" }, { source: "console.log('reached'); await new Promise(() => {});" }];
  const stopped = await run("stopped", cells, { signal: stop.signal, stream });
  expect(stopped.result).toMatchObject({ cell: 2, kind: "interrupted" });
  expect(stopped.cells[0]?.outputs).toMatchObject([{ text: ["kept\n"] }]);
  expect(stopped.cells[1]?.outputs).toMatchObject([{ text: ["reached\n"] }, { output_type: "error" }]);
});

test.each([
  [
    "an undeclared name",
    { learningRate: 1 },
    "unknown parameter learningRate; cell 1 declares iterations, name, seeds",
  ],
  ["another kind", { iterations: "many" }, 'parameter iterations is of kind number in cell 1, not "many"'],
  ["a scalar for an array", { seeds: 3 }, "parameter seeds is of kind array in cell 1, not 3"],
])("parameters: %s is refused before anything runs", async (_, parameters, message) => {
  const { result, cells } = await run("refused", [parameterCell], { parameters });
  expect(String(result)).toContain(message);
  expect(cells[0]?.execution_count).toBe(99);
});

test("parameters without a parameters cell, and files that are no TypeScript notebooks, are refused", async () => {
  const { result } = await run("untagged", [{ source: "1" }], { parameters: { a: 1 } });
  expect(String(result)).toContain('no code cell is tagged "parameters", so a cannot be set');
  const path = join(folder, "python.ipynb");
  writeNotebook(path, [], { kernelspec: { name: "python3" } });
  await expect(runNotebook(path)).rejects.toThrow('python.ipynb is for the kernel "python3"');
  await expect(runNotebook(join(folder, "none.ipynb"))).rejects.toThrow("none.ipynb: Error: ENOENT");
  await expect(runNotebook(__filename)).rejects.toThrow("not JSON");
});

test("an injected cell of an earlier run does not survive; copied cell ids are made unique", async () => {
  const path = join(folder, "again.ipynb");
  const cell = { cell_type: "markdown", metadata: {}, source: "", id: "same" };
  const injected = { ...cell, cell_type: "code", metadata: { tags: ["injected-parameters"] }, id: "injected" };
  writeFileSync(path, JSON.stringify({ nbformat: 4, metadata: {}, cells: [cell, injected, cell] }));
  const notebook = await readNotebook(path);
  expect(notebook.cells.map(({ id }) => id)).toEqual(["same", "injected", "same-2"]);
  expect(injectParameters(notebook, {}).cells.map(({ id }) => id)).toEqual(["same", "same-2"]);
});
