/** Weight vectors as data: milliseconds for a snapshot, an entry over time, one snapshot, all of it; and the bytes. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "../../lib/core/random.js";
import { AlphaWriter } from "../../lib/tracker/alpha/files.js";
import { openAlpha } from "../../lib/tracker/alpha/reader.js";
import { alphaCorrelation } from "../../lib/tracker/alpha/correlation.js";
import { wrongLabelDetector } from "../../lib/tracker/alpha/detector.js";
import { alphaHistogram, alphaQuantiles } from "../../lib/tracker/alpha/distribution.js";
import { topEntries } from "../../lib/tracker/alpha/entries.js";
import { alphaMovement } from "../../lib/tracker/alpha/movement.js";

const SNAPSHOTS = 40;

async function timed<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  const [start, cpuStart] = [performance.now(), process.cpuUsage()];
  const result = await run();
  const [wall, cpu] = [performance.now() - start, process.cpuUsage(cpuStart)];
  const columns = [wall, (cpu.user + cpu.system) / 1000].map((ms) => ms.toFixed(1).padStart(9));
  console.log(`  ${what.padEnd(30)} ${columns[0]} ms, ${columns[1]} ms of processor time`);
  return result;
}

const median = (values: number[]): string => values.sort((a, b) => a - b)[values.length >> 1].toFixed(1);

async function measure(entries: number, kind: "numbered" | "named"): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "alpha-bench-"));
  const draw = random(entries);
  const names = Array.from({ length: entries }, (_, k) => (kind === "named" ? `q-${k.toString(16)}#${k % 7}` : `${k}`));
  const weights = Float32Array.from(names, () => 1);
  console.log(`${entries.toLocaleString("en")} entries, ${kind}, ${SNAPSHOTS} snapshots`);
  const writer = await timed("open for writing", () => new AlphaWriter(folder, names));
  const times: number[] = [];
  for (let t = 0; t < SNAPSHOTS; t++) {
    for (let k = 0; k < entries; k++) weights[k] = Math.max(0, weights[k] + 0.1 * (draw.next() - 0.5));
    const start = performance.now();
    writer.append(t * 10, names, weights);
    times.push(performance.now() - start);
  }
  const [first] = times;
  console.log(
    `  snapshot: first ${first.toFixed(1)} ms, median ${median(times)} ms, slowest ${times.at(-1)?.toFixed(1)} ms`,
  );
  await timed("close", () => writer.close());
  const sizes = readdirSync(folder).map((name) => `${name} ${statSync(join(folder, name)).size.toLocaleString("en")}`);
  console.log(`  bytes: ${sizes.join(", ")}`);

  const reader = await timed("open for reading", () => openAlpha(folder));
  await timed("one entry by index", () => reader.entryAt(entries >> 1));
  await timed("one entry by name", () => reader.entry(names[entries - 2]));
  await timed("one snapshot", () => reader.at(200));
  const series = await timed("the whole matrix, with names", () => reader.matrix());
  await reader.close();
  rmSync(folder, { recursive: true });

  const quality = Float32Array.from(weights, (w) => w + draw.normal());
  await timed("quantiles over time", () => alphaQuantiles(series));
  await timed("histogram over time", () => alphaHistogram(series));
  await timed("ten heaviest", () => topEntries(series, 10));
  await timed("movement", () => alphaMovement(series, 0, 390));
  await timed("correlation over time", () => alphaCorrelation(series, quality));
  const wrong = Uint8Array.from(quality, (q) => (q < 0 ? 1 : 0));
  await timed("detector over time", () => wrongLabelDetector(series, wrong));
}

async function main(): Promise<void> {
  for (const entries of [1e3, 1e4, 1e5, 1e6]) await measure(entries, "numbered");
  await measure(1e6, "named");
}

void main();
