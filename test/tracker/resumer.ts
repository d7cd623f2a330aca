/** A process that trains or resumes a run: `resumer.ts STORE start`, `… loop|finish|hold ID STEP`, `… die ID STEP FILE`. */
import fs from "node:fs";
import { openStore } from "../../lib/tracker/store.js";
import { say } from "./say.js";
import { train, WEIGHTS_EVERY } from "./training.js";

const [folder, mode, id, step, file] = process.argv.slice(2);

/** kill −9 at the moment at which `name` would be replaced. */
function dieBeforeReplacing(name: string): void {
  for (const rename of ["rename", "renameSync"] as const) {
    const original = fs[rename] as (...args: unknown[]) => void;
    Object.assign(fs, {
      [rename]: (...args: unknown[]) => {
        if (String(args[1]).endsWith(name)) process.kill(process.pid, "SIGKILL");
        return original(...args);
      },
    });
  }
}

async function main(): Promise<void> {
  const store = await openStore(folder);
  if (mode === "start") {
    const run = await store.startRun({ name: "killed", params: {}, weightsEvery: WEIGHTS_EVERY });
    say(run.id);
    return train(run, 1, Infinity, (iteration) => iteration % 50 === 0 && say(String(iteration)));
  }
  if (mode === "die") dieBeforeReplacing(file);
  const run = await store.resumeRun(id, { step: Number(step) });
  say("resumed");
  if (mode === "hold") setInterval(() => undefined, 1000);
  if (mode === "loop") train(run, Number(step) + 1, Infinity, (i) => i % 50 === 0 && say(String(i)));
  if (mode === "finish") {
    train(run, Number(step) + 1, 700);
    await run.finish({ auc: 0.7 });
  }
}

main().catch((error: unknown) => {
  say(`error: ${(error as Error).message}`);
  process.exitCode = 1;
});
