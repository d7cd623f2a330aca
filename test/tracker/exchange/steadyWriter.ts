/** Writes a run until it is killed, some thousand steps a second, and prints its id: `steadyWriter.ts STORE`. */
import { openStore } from "../../../lib/tracker/store.js";

async function main(): Promise<void> {
  const run = await (await openStore(process.argv[2])).startRun({ name: "steady", params: {} });
  console.log(run.id);
  let step = 0;
  setInterval(() => {
    for (let i = 0; i < 10; i++) {
      run.log(++step, { loss: step / 7, text: step });
      run.logWeights(step, ["a", "b"], [step, -step]);
    }
  }, 2);
}

void main();
