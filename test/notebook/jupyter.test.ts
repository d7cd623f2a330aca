import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { labCommand } from "../../lib/cli/lab.js";
import { findJupyter, installJupyter, writeKernelspec } from "../../lib/notebook/jupyter.js";
import { root } from "./support.js";

const hasOwn = existsSync(join(root, ".venv", "bin", "jupyter"));
if (hasOwn) console.log("skipped: the project's .venv has a Jupyter, which goes before any other");

const path = process.env["PATH"] ?? "";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jupyter-"));
});
afterEach(() => {
  process.env["PATH"] = path;
  process.exitCode = 0;
  rmSync(folder, { recursive: true });
});

function install(program: string, script: string): void {
  writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, program), 0o755);
}

test("the kernelspec names this Node and this project's tslab", () => {
  const spec = join(writeKernelspec(), "kernels", "tslab", "kernel.json");
  const { argv, language } = JSON.parse(readFileSync(spec, "utf8")) as { argv: string[]; language: string };
  expect(language).toBe("typescript");
  expect(argv[0]).toBe(process.execPath);
  expect(argv.at(-1)).toBe("{connection_file}");
  expect(argv.find((argument) => argument.endsWith("tslab"))).toSatisfy(existsSync);
});

test.skipIf(hasOwn)("lab opens the notebooks in the Jupyter on PATH, with the project's kernel first", async () => {
  install(
    "jupyter",
    `[ "$2" = --version ] && echo 4.2.1 && exit; echo "$JUPYTER_PATH" "$@" > ${folder}/called; exit 3`,
  );
  process.env["PATH"] = `${folder}${delimiter}${path}`;
  expect(findJupyter()).toEqual({ command: "jupyter", version: "4.2.1" });
  await labCommand().parseAsync(["--no-browser", "--port", "8899"], { from: "user" });
  expect(process.exitCode).toBe(3);
  const called = readFileSync(join(folder, "called"), "utf8");
  expect(called.startsWith(join(root, "dist", "jupyter"))).toBe(true);
  expect(called).toMatch(/ lab .*default_url=\/lab\/tree\/notebooks --no-browser --port=8899/);
});

test.skipIf(hasOwn)("shims that fail are no Jupyter; without Python it is said what to install", () => {
  install("jupyter", "exit 127");
  install("python3", "echo Python 3.6.9");
  process.env["PATH"] = folder;
  expect(findJupyter()).toBeUndefined();
  expect(() => installJupyter()).toThrow("install Python 3.9 or newer");
});

test.skipIf(hasOwn)("a failed installation names the command", () => {
  install("python3", '[ "$1" = --version ] && echo Python 3.12.1 && exit; exit 1');
  process.env["PATH"] = folder;
  expect(() => installJupyter()).toThrow(/`python3 -m venv .*` failed; install Python/);
});
