/** Filtering, sorting and comparing the summaries of 5,000 runs: milliseconds of processor time beyond listing them. */
import { random } from "../../lib/core/random.js";
import { compareRuns } from "../../lib/tracker/compare.js";
import { digestOf } from "../../lib/tracker/digest.js";
import { selectRuns } from "../../lib/tracker/query/queryRuns.js";
import type { RunSummary } from "../../lib/tracker/runRecord.js";

const draw = random(1);
const settings = (seed: number, i: number) => ({
  seed,
  metaLr: 10 ** -(1 + (i % 4)),
  weighting: i % 3 ? "instance-table" : "domain-table",
  lower: { learningRate: 1e-3, hidden: [64, 64], dropout: i / 1000 },
});
const metrics = ["auc", "lower.loss", "lower.gradientNorm", "upper.loss", "upper.gradientNorm"];
const runs = Array.from({ length: 5000 }, (_, i): RunSummary => {
  const series = () => Array.from({ length: 20 }, (_, step) => ({ step, value: draw.next() }));
  return {
    ...{ id: String(i), folder: "", name: `run ${i}`, tags: i % 3 ? ["paper"] : [], status: "finished", notes: "" },
    ...{
      startedAt: new Date(1.79e12 + i * 1e6).toISOString(),
      wallMs: i,
      params: settings(i % 5, Math.floor(i / 5)),
      seed: i % 5,
    },
    digests: Object.fromEntries(metrics.map((name) => [name, digestOf(series())])),
    summary: { auc: draw.next() },
  };
});

async function measure(what: string, work: () => unknown): Promise<void> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  console.log(`${what}: median ${times.sort((a, b) => a - b)[4].toFixed(1)} ms`);
}

async function main(): Promise<void> {
  const store = { read: () => Promise.reject(new Error("no series is needed")) };
  const where =
    'params.metaLr >= 1e-3 and weighting = "instance-table" and metrics.auc.last > 0.3 and tags contains "paper"';
  const found = await selectRuns(store, runs, { where });
  console.log(`${runs.length} runs, of which ${found.length} match`);
  await measure("filter", () => selectRuns(store, runs, { where }));
  await measure("sort all", () => selectRuns(store, runs, { sort: "-metrics.upper.loss.best, name" }));
  await measure("filter, sort, 20 of them", () =>
    selectRuns(store, runs, { where, sort: "-metrics.upper.loss.best, createdAt", limit: 20 }),
  );
  const { groups } = compareRuns(runs, { statistics: ["best"] });
  console.log(`compare: ${groups.length} groups of ${groups[0].runs.length} runs, ${metrics.length + 1} metrics`);
  await measure("compare", () => compareRuns(runs, { statistics: ["best"] }));
}

void main();
