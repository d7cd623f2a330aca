/**
 * What the run store promises, measured: `tsx test/bench/store.ts [logging] [listing] [kills] [crowd] [fuzz]`; all of
 * them takes some minutes. `BENCH_DISK` is a folder on the disk to measure, else the one for temporary files.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { random } from "../../lib/core/random.js";
import { eventLine } from "../../lib/tracker/events.js";
import { seal } from "../../lib/tracker/seal.js";
import { openStore } from "../../lib/tracker/store.js";
import { crowd } from "../tracker/crowds.js";
import { fuzz } from "../tracker/fuzz.js";
import { killWriters } from "../tracker/kills.js";

const root = mkdtempSync(join(process.env.BENCH_DISK ?? tmpdir(), "store "));
process.env.GIT_DIR = join(root, "no repository"); // so that runs start fast and alike everywhere

const perSecond = (rate: number): string => `${Math.round(rate).toLocaleString("en")}/s`;

/** Wall time, and processor time of this process: the same on a busy machine. */
async function timed(deed: () => unknown): Promise<{ ms: number; cpuMs: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await deed();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - start, cpuMs: (user + system) / 1000 };
}

async function logging(): Promise<void> {
  const store = await openStore(join(root, "logging"));
  const rate = async (events: number, durable: boolean) => {
    const run = await store.startRun({ name: "x", params: {}, durable });
    const log = (from: number, to: number) => {
      for (let step = from; step < to; step++) run.log(step, { loss: 1 / (step + 1) });
    };
    log(0, events / 10);
    const { ms, cpuMs } = await timed(() => log(events / 10, events));
    await run.finish();
    return { rate: (900 * events) / ms, cpuRate: (900 * events) / cpuMs };
  };
  const [plain, durable] = [await rate(300_000, false), await rate(5_000, true)];
  const [wall, cpu] = [perSecond(plain.rate), perSecond(plain.cpuRate)];
  console.log(
    `logging: ${wall} scalar events (${cpu} of processor time), with the operating system when log() returns`,
  );
  console.log(`logging, durable: ${perSecond(durable.rate)}, each on the disk when log() returns`);
  sqlite(plain.rate, durable.rate);
}

/** The peers' default: a row per value, committed one by one. */
function sqlite(plain: number, durable: number): void {
  const rate = (events: number, synchronous: string) => {
    const script = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA journal_mode=WAL"); db.execute("PRAGMA synchronous=${synchronous}")
db.execute("CREATE TABLE IF NOT EXISTS metrics (run TEXT, step INTEGER, name TEXT, value REAL, t REAL)")
start = time.perf_counter()
for step in range(${events}):
    db.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", ("x", step, "loss", 1 / (step + 1), time.time())); db.commit()
print(1000 * (time.perf_counter() - start))`;
    const file = join(root, `${synchronous}.sqlite`);
    return (1000 * events) / Number(execFileSync("python3", ["-c", script, file], { encoding: "utf8", stdio: "pipe" }));
  };
  try {
    const [normal, full] = [rate(20_000, "NORMAL"), rate(3_000, "FULL")];
    console.log(
      `SQLite (Python's, WAL, a commit per value): ${perSecond(normal)}, ours ${(plain / normal).toFixed(1)} ×`,
    );
    console.log(`SQLite, synchronous=FULL: ${perSecond(full)}, ours durable ${(durable / full).toFixed(1)} ×`);
  } catch (error) {
    console.log(`SQLite: not measured: ${(error as Error).message.split("\n")[0]}`);
  }
}

async function listing(runs = 5000, steps = 100): Promise<void> {
  const folder = join(root, "listing");
  const store = await openStore(folder);
  const params = {
    lower: { learningRate: 0.01, steps: 10 },
    upper: { learningRate: 0.1 },
    weighting: "instance-table",
  };
  const first = await store.startRun({ name: "first", group: "g", params });
  await first.finish();
  const { crc: _crc, ...record } = JSON.parse(readFileSync(join(first.folder, "run.json"), "utf8")) as object & {
    crc: number;
  };
  const draw = random(1);
  for (let i = 1; i < runs; i++) {
    const id = `20260101-${String(i).padStart(6, "0")}-${String(i).padStart(8, "0")}`;
    mkdirSync(join(folder, id));
    const summary = { auc: draw.next(), accuracy: draw.next() };
    const run = { ...record, id, name: `run ${i}`, group: `g${i % 10}`, seed: i % 5, summary };
    writeFileSync(join(folder, id, "run.json"), `${seal(JSON.stringify(run, null, 2))}\n`);
    const line = (n: number, event: object) => eventLine(JSON.stringify(event), n, crc32(id));
    const log = Array.from({ length: steps }, (_, step) =>
      line(step, { type: "metrics", t: 1e12 + step, step, metrics: { "lower.loss": draw.next(), auc: draw.next() } }),
    );
    log.push(line(steps, { type: "status", t: 1e12 + steps, status: "finished" }));
    writeFileSync(join(folder, id, "events.jsonl"), log.join(""));
  }
  const best = async (opened = openStore(folder)) => {
    const found = await (await opened).list({ group: "g1", status: "finished" });
    return found.sort((a, b) => b.digests.auc.max.value - a.digests.auc.max.value)[0];
  };
  const opened = openStore(folder);
  const [unindexed, cold] = [await timed(() => best()), await timed(() => best(opened))];
  const warm = await timed(() => best(opened));
  const ms = (time: { ms: number; cpuMs: number }) =>
    `${time.ms.toFixed(0)} ms (processor ${time.cpuMs.toFixed(0)} ms)`;
  console.log(
    `${runs} runs of ${steps} events, filtered and sorted: ${ms(cold)} cold (index.json read), ${ms(warm)} warm`,
  );
  console.log(`the same without an index, all runs and logs read: ${ms(unindexed)}`);
}

async function kills(count = 200): Promise<void> {
  const { acknowledged, lost, torn, wrong } = await killWriters(join(root, "kills"), count, 1, 4);
  console.log(
    `kill −9 × ${count}: ${acknowledged} events acknowledged, ${lost} lost; ${torn} last lines cut and reported`,
  );
  console.log(
    `  runs that do not open or are not "crashed": ${wrong.length}${wrong.map((line) => `\n  ${line}`).join("")}`,
  );
}

async function manyProcesses(writers = 8, runs = 50): Promise<void> {
  const { wrong, leftovers, ...found } = await crowd(join(root, "crowd"), writers, runs, 100);
  console.log(`${writers} processes × ${runs} runs × 100 events, two readers: ${JSON.stringify(found)}`);
  console.log(`  runs with a lost event: ${wrong.length}; files left over: ${leftovers.length}`);
}

async function damage(rounds = 10_000): Promise<void> {
  const { told, harmless, wrong } = await fuzz(join(root, "fuzz"), rounds, 1);
  console.log(
    `${rounds} × damage to a file of a run: ${told} told, ${harmless} harmless, ${wrong.length} wrong in silence`,
  );
  for (const line of wrong) console.log(`  ${line.slice(0, 200)}`);
}

const sections: Record<string, () => Promise<void>> = { logging, listing, kills, crowd: manyProcesses, fuzz: damage };

async function main(): Promise<void> {
  const chosen = process.argv.slice(2);
  for (const name of chosen.length > 0 ? chosen : Object.keys(sections)) await sections[name]();
}

main()
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => rmSync(root, { recursive: true, force: true }));
