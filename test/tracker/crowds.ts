import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../lib/tracker/store.js";

/** What a store holds after many processes wrote to it at once while two read it. */
export interface Crowd {
  /** finished, in a list made by a new process */
  readonly finished: number;
  /** in `index.json` alone */
  readonly indexed: number;
  readonly unreadable: number;
  /** runs with an event missing or wrong, or with a problem */
  readonly wrong: readonly string[];
  /** lists made by the readers meanwhile */
  readonly lists: number;
  /** exit codes other than 0 */
  readonly failures: number;
  readonly leftovers: readonly string[];
}

export async function crowd(folder: string, writers: number, runs: number, events: number): Promise<Crowd> {
  await openStore(folder);
  const start = (...args: (string | number)[]): ChildProcess =>
    spawn(process.execPath, ["--import", "tsx", join(__dirname, "crowd.ts"), folder, ...args.map(String)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  const readers = [1, 2].map(() => start("read"));
  const said = readers.map((reader) => {
    let text = "";
    reader.stdout?.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    return () => Number(text);
  });
  const ended = (child: ChildProcess) => once(child, "close").then(([code]) => Number(code !== 0));
  const reading = readers.map(ended);
  const failed = await Promise.all(Array.from({ length: writers }, () => ended(start("write", runs, events))));
  for (const reader of readers) reader.kill("SIGUSR1");
  failed.push(...(await Promise.all(reading)));

  const store = await openStore(folder);
  const listed = await store.list({ status: "finished" });
  const wrong: string[] = [];
  for (const run of listed) {
    const record = await store.read(run.id);
    const points = await record.series("loss");
    const factor = Number(run.params.i) + 1;
    const whole = points.length === events && points.every((p, k) => p.step === k + 1 && p.value === p.step * factor);
    if (!whole || run.summary.i !== run.params.i || (await record.problems()).length > 0) wrong.push(run.id);
  }
  const index = join(folder, "index.json");
  const indexed = existsSync(index) ? (JSON.parse(readFileSync(index, "utf8")) as { runs: object }).runs : {};
  return {
    finished: listed.length,
    indexed: Object.keys(indexed).length,
    unreadable: (await store.unreadable()).length,
    wrong,
    lists: said.reduce((sum, count) => sum + count(), 0),
    failures: failed.reduce((sum, failure) => sum + failure, 0),
    leftovers: readdirSync(folder).filter((name) => name.startsWith(".") || name.endsWith(".lock")),
  };
}
