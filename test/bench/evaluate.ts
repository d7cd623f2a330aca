/** `dreamprm evaluate` on candidates with given step scores, as a process: `tsx test/bench/evaluate.ts [candidates]`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "simple-statistics";
import { random } from "../../lib/core/random.js";
import { writeRows } from "../../lib/data/write.js";

const PER_QUESTION = 8;
const REPEATS = 3;

function* questions(count: number) {
  const draw = random(1);
  for (let q = 0; q < count; q++) {
    const candidates = Array.from({ length: PER_QUESTION }, (_, n) => {
      const correct = draw.next() < 0.6;
      const score = () => 1 / (1 + Math.exp(-(correct ? 0.5 : 0) - draw.normal()));
      return {
        correct,
        step_scores: Array.from({ length: 3 + draw.integer(4) }, score),
        answer: correct ? "A" : draw.pick(["B", "C", "D"]),
        generator: `model ${n % 4}`,
      };
    });
    yield { question_id: `q${q}`, subset: `subject ${q % 6}`, candidates };
  }
}

async function main(): Promise<void> {
  const candidates = Number(process.argv[2] ?? 100_000);
  const folder = mkdtempSync(join(tmpdir(), "dreamprm-evaluate-"));
  try {
    const file = join(folder, "pools.jsonl");
    await writeRows(file, questions(candidates / PER_QUESTION));
    const cli = join(import.meta.dirname, "../../dist/cli/main.js");
    const seconds = Array.from({ length: REPEATS }, () => {
      const start = performance.now();
      const { status, stderr, stdout } = spawnSync(process.execPath, [cli, "evaluate", file], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      if (process.argv.includes("--show")) console.log(stdout);
      return (performance.now() - start) / 1000;
    });
    const megabytes = (statSync(file).size / 1e6).toFixed(0);
    console.log(
      `evaluate, ${candidates} candidates of ${candidates / PER_QUESTION} questions (${megabytes} MB): ` +
        `${median(seconds).toFixed(2)} s (${seconds.map((s) => s.toFixed(2)).join(", ")})`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
