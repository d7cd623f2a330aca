/** A process that logs until it is killed and says what was acknowledged: `killed.ts STORE [durable]`. */
import { openStore } from "../../lib/tracker/store.js";
import { say } from "./say.js";

async function main(): Promise<void> {
  const [folder, mode] = process.argv.slice(2);
  const store = await openStore(folder);
  const run = await store.startRun({ name: "killed", params: {}, durable: mode === "durable" });
  say(run.id);
  for (let step = 1; ; step++) {
    run.log(step, { loss: 1 / step, step });
    if (step % 10 === 0) run.note(`note ${step}`);
    if (step % 50 === 0) run.setSummary({ step });
    say(String(step));
  }
}

void main();
