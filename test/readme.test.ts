import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test("the README's example compiles and runs", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const code = /```ts\n([^]*?)```/.exec(text)?.[1] ?? "";
  expect(code).toContain("solveBilevel");
  const folder = mkdtempSync(join(root, "dist/readme-"));
  try {
    const file = join(folder, "example.mts");
    writeFileSync(file, code.replace("iterations: 400", "iterations: 100"));
    const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    const options = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--target",
      "es2022",
      "--module",
      "node20",
      "--types",
      "node",
    ];
    const check = node(join(root, "node_modules/typescript/bin/tsc"), ...options, file);
    expect(check.stdout).toBe("");
    const { status, stdout, stderr } = node(join(root, "node_modules/tsx/dist/cli.mjs"), file);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^100 0\.\d+ 0\.\d+ Float32Array\(10\)/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
