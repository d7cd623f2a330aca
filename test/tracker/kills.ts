import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nanoid } from "nanoid";
import { random } from "../../lib/core/random.js";
import { openStore } from "../../lib/tracker/store.js";

/** What was found after so many processes were killed while they logged. */
export interface Killed {
  readonly kills: number;
  /** events whose `log` had returned before the kill */
  readonly acknowledged: number;
  /** of these, not in the log or not as they were logged */
  readonly lost: number;
  /** last lines that were cut */
  readonly torn: number;
  /** runs that do not open, or whose status is not "crashed" */
  readonly wrong: readonly string[];
}

/** kill −9 at a random moment of logging, `kills` times, `parallel` processes at a time. */
export async function killWriters(folder: string, kills: number, seed: number, parallel = 2): Promise<Killed> {
  await openStore(folder);
  const draw = random(seed);
  const delays = Array.from({ length: kills }, () => draw.next() * 150);
  const runs: { id: string; said: number }[] = [];
  const work = async () => {
    for (let delay = delays.pop(); delay !== undefined; delay = delays.pop()) {
      runs.push(await killOne(folder, delay, delays.length % 4 === 0));
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return inspect(folder, runs);
}

async function killOne(folder: string, delayMs: number, durable: boolean): Promise<{ id: string; said: number }> {
  const said = join(folder, `said-${nanoid()}.txt`); // a file: a pipe that is full would stop the process
  const out = openSync(said, "w");
  const script = ["--import", "tsx", join(__dirname, "killed.ts"), folder, durable ? "durable" : ""];
  const child = spawn(process.execPath, script, { stdio: ["ignore", out, "inherit"] });
  const ended = once(child, "exit");
  while (fstatSync(out).size === 0 && child.exitCode === null) await sleep(5);
  await sleep(delayMs);
  child.kill("SIGKILL");
  await ended;
  closeSync(out);
  const lines = readFileSync(said, "utf8").split("\n").slice(0, -1); // what follows the last newline was not said to its end
  return { id: lines[0], said: Number(lines.length > 1 ? lines.at(-1) : 0) };
}

async function inspect(folder: string, runs: readonly { id: string; said: number }[]): Promise<Killed> {
  const store = await openStore(folder, { readOnly: true });
  const listed = new Map((await store.list()).map((run) => [run.id, run]));
  let [acknowledged, lost, torn] = [0, 0, 0];
  const wrong: string[] = [];
  for (const { id, said } of runs) {
    acknowledged += said;
    const status = listed.get(id)?.status ?? "not listed";
    if (status !== "crashed") wrong.push(`${id} is ${status}`);
    const record = await store.read(id);
    const points = await record.series("step");
    for (let step = 1; step <= said; step++) {
      const point = points[step - 1] as { step: number; value: number } | undefined;
      if (point?.step !== step || point.value !== step) lost++;
    }
    const notes = (await record.events()).filter((event) => event.type === "note").length;
    if (notes < Math.floor(said / 10)) lost++;
    const problems = await record.problems();
    torn += problems.length;
    if (problems.length > 1) wrong.push(...problems);
  }
  return { kills: runs.length, acknowledged, lost, torn, wrong };
}
