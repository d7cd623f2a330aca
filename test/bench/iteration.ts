/**
 * Milliseconds per bilevel iteration on every backend that loads, and in plain PyTorch when it is installed, as ratios
 * within one run: lower step on 64 rows × 1536 features, hidden 256; every 5th an upper step on 16 solutions × 5 steps
 * with darts, or our exact dot; 10 domains; AdamW on both levels.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const rounds = 3;
const here = __dirname;
const python = process.env["DREAMPRM_PYTHON"] ?? "python3";

interface Timing {
  readonly name: string;
  readonly ms: number;
  readonly tensors?: readonly [number, number];
}

function ours(backend: string, method: string): Timing {
  const tsx = join(here, "../../node_modules/tsx/dist/cli.mjs");
  return run(process.execPath, [tsx, join(here, "iterationWorker.ts"), method], { DREAMPRM_BACKEND: backend });
}

function run(file: string, args: string[], env: Record<string, string> = {}): Timing {
  const stdout = execFileSync(file, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  return JSON.parse(stdout.toString().trim().split("\n").at(-1) ?? "") as Timing;
}

const candidates: [string, () => Timing][] = [
  ["PyTorch", () => run(python, [join(here, "iteration.py")])],
  ["PyTorch, plain loop", () => run(python, [join(here, "iteration.py"), "plain"])],
  ...["native-gpu", "native", "wasm", "cpu"].flatMap((name) =>
    ["darts", "dot"].map((method): [string, () => Timing] => [`${name}, ${method}`, () => ours(name, method)]),
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
console.log(`bilevel iteration, best of ${rounds} rounds, relative to ${reference}`);
for (const [name, list] of results) {
  const leak = list.flatMap(({ tensors }) => (tensors ? [tensors[1] - tensors[0]] : []));
  const tail = leak.length > 0 ? `   leaked tensors in 1,000 iterations: ${Math.max(...leak)}` : "";
  console.log(
    `${name.padEnd(19)} ${best(name).toFixed(2).padStart(8)} ms   × ${(best(name) / best(reference)).toFixed(2)}${tail}`,
  );
}
for (const [name, why] of missing) console.log(`${name.padEnd(19)} not measured: ${why}`);
