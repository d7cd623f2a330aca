/** A process of a crowd: `crowd.ts STORE write RUNS EVENTS` writes runs one after another, `crowd.ts STORE read` lists and reads until it is told to stop. */
import { openStore } from "../../lib/tracker/store.js";

async function write(folder: string, runs: number, events: number): Promise<void> {
  const store = await openStore(folder);
  for (let i = 0; i < runs; i++) {
    const run = await store.startRun({ name: `${process.pid}/${i}`, group: "crowd", params: { i } });
    for (let step = 1; step <= events; step++) run.log(step, { loss: step * (i + 1) });
    if (i % 10 === 0) await store.list();
    await run.finish({ i });
  }
}

async function read(folder: string): Promise<void> {
  let stop = false;
  process.on("SIGUSR1", () => (stop = true));
  let lists = 0;
  while (!stop) {
    const store = await openStore(folder);
    const runs = await store.list();
    const broken = await store.unreadable();
    if (broken.length > 0) throw new Error(`unreadable: ${JSON.stringify(broken[0])}`);
    for (const { id } of runs.slice(0, 3)) {
      const points = await (await store.read(id)).series("loss");
      points.forEach(({ step }, k) => {
        if (step !== k + 1) throw new Error(`${id}: step ${step} is at ${k}`);
      });
    }
    lists++;
  }
  console.log(String(lists));
}

const [folder, mode, runs, events] = process.argv.slice(2);
void (mode === "write" ? write(folder, Number(runs), Number(events)) : read(folder));
