/**
 * Milliseconds per bilevel iteration on every backend that loads, and in plain PyTorch when it is installed, as ratios
 * within one run: demo data in 1536 text features, hidden 256; lower step on 64 rows, every 5th an upper step on 16
 * solutions with darts, or our exact dot; 10 domains; AdamW on both levels. Ours takes the features as it does in
 * training, sparse where that is faster, and once more as dense rows; PyTorch's plain loop has dense rows.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const rounds = 3;
const here = __dirname;
const python = process.env["DREAMPRM_PYTHON"] ?? "python3";

interface Timing {
  readonly name: string;
  readonly ms: number;
  readonly tensors?: readonly [number, number];
}

const data = mkdtempSync(join(tmpdir(), "dreamprm-bench-"));
process.on("exit", () => rmSync(data, { recursive: true, force: true }));

function worker(backend: string, ...args: string[]): string {
  const tsx = join(here, "../../node_modules/tsx/dist/cli.mjs");
  return run(process.execPath, [tsx, join(here, "iterationWorker.ts"), data, ...args], { DREAMPRM_BACKEND: backend });
}

function run(file: string, args: string[], env: Record<string, string> = {}): string {
  return execFileSync(file, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] }).toString();
}

const timing = (stdout: string) => JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Timing;

worker("cpu");
const { density } = JSON.parse(readFileSync(join(data, "shape.json"), "utf8")) as { density: number };

const torch = (...args: string[]) => timing(run(python, [join(here, "iteration.py"), data, ...args]));
const candidates: [string, () => Timing][] = [
  ["PyTorch", () => torch()],
  ["PyTorch, plain loop", () => torch("plain")],
  ...["native-gpu", "native", "wasm", "cpu"].flatMap((backend) =>
    ["darts", "dot", "dot dense"].map((method): [string, () => Timing] => [
      `${backend}, ${method}`,
      () => timing(worker(backend, ...method.split(" "))),
    ]),
  ),
];
const results = new Map<string, Timing[]>();
const missing = new Map<string, string>();
for (let round = 0; round < rounds; round++) {
  for (const [name, time] of candidates) {
    if (missing.has(name) || (name.startsWith("cpu") && round > 0)) continue;
    try {
      results.set(name, [...(results.get(name) ?? []), time()]);
    } catch (error) {
      const stderr = String((error as { stderr?: Buffer }).stderr ?? error).trim();
      missing.set(name, /^\w*Error: .*/m.exec(stderr)?.[0] ?? stderr);
    }
  }
}
const best = (name: string) => Math.min(...(results.get(name) ?? []).map(({ ms }) => ms));
const reference = results.has("PyTorch") ? "PyTorch" : "wasm";
const filled = `${(100 * density).toFixed(1)} % of the features are not zero`;
console.log(`bilevel iteration, best of ${rounds} rounds, relative to ${reference}; ${filled}`);
for (const [name, list] of results) {
  const leak = list.flatMap(({ tensors }) => (tensors ? [tensors[1] - tensors[0]] : []));
  const tail = leak.length > 0 ? `   leaked tensors in 1,000 iterations: ${Math.max(...leak)}` : "";
  console.log(
    `${name.padEnd(19)} ${best(name).toFixed(2).padStart(8)} ms   × ${(best(name) / best(reference)).toFixed(2)}${tail}`,
  );
}
for (const [name, why] of missing) console.log(`${name.padEnd(19)} not measured: ${why}`);
