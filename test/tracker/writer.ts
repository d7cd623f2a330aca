/** A process that writes runs and ends in one of many ways: `writer.ts STORE MODE`. */
import { openStore } from "../../lib/tracker/store.js";
import { say } from "./say.js";

const [folder, mode] = process.argv.slice(2);
const forever = () => setInterval(() => undefined, 1000);

async function main(): Promise<void> {
  if (mode === "denied") process.setuid?.(65534); // root may write anywhere
  const store = await openStore(folder);
  if (mode === "many") {
    for (let i = 0; i < 10; i++) {
      const run = await store.startRun({ name: `${process.pid}/${i}`, params: { i } });
      run.log(1, { pid: process.pid });
      await store.list(); // fights for the index
      await run.finish({ i });
    }
    return;
  }
  const run = await store.startRun({ name: mode, params: {} });
  run.log(1, { loss: 1 });
  say(run.id);
  if (mode === "loop") {
    for (let step = 2; ; step++) {
      run.log(step, { loss: 1 / step });
      run.logWeights(step, ["a", "b"], [step, -step]);
      if (step % 100 === 0) say(String(step));
    }
  }
  if (mode === "throw") setTimeout(() => throwUp(), 10);
  if (mode === "reject") void Promise.reject(new RangeError("nobody awaited this"));
  if (mode === "exit 3") process.exit(3);
  if (mode === "wait") forever();
  if (mode === "kernel") {
    // like a notebook kernel: SIGINT stops a cell, not the process
    process.on("SIGINT", () => {
      run.log(2, { loss: 0.5 });
      void run.finish().then(() => process.exit(0));
    });
    forever();
  }
  if (mode === "after") {
    await run.finish();
    say(`listeners ${["SIGINT", "SIGTERM", "exit"].map((event) => process.listenerCount(event)).join(" ")}`);
    forever();
  }
}

function throwUp(): never {
  throw new TypeError("cell exploded");
}

main().catch((error: unknown) => {
  say(`error: ${(error as Error).message}`);
  process.exitCode = 1;
});
