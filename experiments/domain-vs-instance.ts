/**
 * Domain against instance weighting on label noise.
 *
 *     npm run study -- --data FOLDER [--seeds 1,2,3,4,5] [--quick] [--json]
 *
 * FOLDER holds train.json, meta.json and test.json as `dreamprm data import` writes them; left out, the demo data are
 * used. Every run goes into the store; a run that is there already is not made again, so an interrupted study goes on
 * where it stopped. Several processes may share the work by different `--seeds`.
 */
import { Command } from "commander";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatReport } from "../lib/cli/formatReport.js";
import { progress } from "../lib/cli/progress.js";
import { useBackend } from "../lib/core/backend.js";
import { loadTrainSet } from "../lib/data/dreamprm.js";
import { loadMetaSet } from "../lib/data/solutions.js";
import { refuseOverlap } from "../lib/data/split.js";
import type { SolutionSet } from "../lib/data/types.js";
import { ensureDemo, loadPlantedQuality } from "../lib/data/synthetic.js";
import type { UpperOptions } from "../lib/bilevel/engine.js";
import { mlpHead } from "../lib/model/head.js";
import type { StudyConfig, StudyData } from "../lib/study/config.js";
import type { Method } from "../lib/study/methods.js";
import { type MethodReport, type ReportedOutcome, type StudyReport, studyReport } from "../lib/study/report.js";
import { encodeStudy, totalIterations, trainRun } from "../lib/study/trainRun.js";
import { hashedFeatures } from "../lib/text/features.js";
import { projectRoot } from "../lib/tracker/environment.js";
import { defaultStore, openStore, type Store } from "../lib/tracker/store.js";

/** What the meta set tells: the label of every step, or whether the answer is right. */
type MetaKind = "steps" | "outcomes";

const withoutMeta: Method[] = ["vanilla", "clean-labels", "balanced-domains", "random-rows", "small-loss", "doremi"];
const withMeta: Method[] = [
  "domain-table",
  "instance-table",
  "instance-net-published",
  "meta-weight-net",
  "instance-net",
];

/** What all methods share. */
function common(quick: boolean): StudyConfig {
  const encoder = hashedFeatures({ buckets: 1024 });
  const iterations = quick ? 300 : 2000;
  return {
    prm: mlpHead({ features: encoder.size, hidden: 64 }),
    encoder,
    stepLoss: "squaredError",
    aggregation: "logMean",
    lossTarget: "+",
    metaLoss: "squaredError",
    instance: "step",
    stepWeighting: "sum",
    batchSize: 64,
    metaBatchSize: 60,
    balancedMeta: true,
    lower: { optimizer: { kind: "adamw", weightDecay: 1e-3 }, learningRate: 1e-3 },
    upper: upper(0.01),
    iterations,
    gradientAccumulation: 1,
    coldStartIterations: 0,
    referenceIterations: iterations / 2,
    keepShare: 0.7,
    normalise: "none",
    net: {},
    averageLast: 0.5,
    validateEvery: 0,
    patience: 0,
    checkpointEvery: 0,
  };
}

const upper = (learningRate: number): UpperOptions => ({
  optimizer: { kind: "adamw", weightDecay: 0 },
  learningRate,
  unrollSteps: 1,
  hypergradient: { method: "dot" },
});

/** Where a method departs from what all share. */
function recipe(method: Method, meta: MetaKind, shared: StudyConfig): StudyConfig {
  const steps = meta === "steps";
  const base: StudyConfig = steps ? { ...shared, lossTarget: "steps", metaBatchSize: 40 } : shared;
  switch (method) {
    case "instance-table":
      // a row is met a few times only: large steps, and smaller ones of the model
      return {
        ...base,
        batchSize: 128,
        metaBatchSize: 80,
        lower: { ...base.lower, learningRate: 5e-4 },
        upper: upper(0.5),
        normalise: steps ? "none" : "class",
      };
    case "instance-net":
      // outcomes alone cannot tell how many labels should be right, only which
      return steps ? base : { ...base, upper: upper(0.003), normalise: "class" };
    case "instance-net-published":
      return { ...base, upper: upper(0.005) };
    default:
      return base;
  }
}

interface Job {
  readonly method: Method;
  readonly meta: MetaKind;
  readonly seed: number;
  readonly config: StudyConfig;
}

interface Options {
  data?: string;
  seeds: number[];
  quick?: boolean;
  json?: boolean;
  markdown?: boolean;
  store?: string;
}

async function main(): Promise<void> {
  const numbers = (text: string) => text.split(",").map(Number);
  const command = new Command("domain-vs-instance")
    .description("domain against instance weighting, with step-labelled and outcome-only meta sets")
    .option("--data <folder>", "train.json, meta.json and test.json (default: the demo data)")
    .option("--seeds <list>", "seeds of initialisation and order", numbers, [1, 2, 3, 4, 5])
    .option("--quick", "300 iterations and two seeds: whether it runs, not what comes out")
    .option("--store <folder>", "folder of runs")
    .option("--markdown", "print tables for a README")
    .option("--json", "print one JSON value");
  const options = command.parse().opts<Options>();
  const seeds = options.quick ? options.seeds.slice(0, 2) : options.seeds;
  const backend = await useBackend();
  const { data, quality, name } = await loadData(options);
  const store = await openStore(options.store ?? defaultStore());
  const shared = common(options.quick === true);
  const encoded = encodeStudy(data, shared);
  const group = `domain-vs-instance/${name}${options.quick ? "/quick" : ""}`;
  const jobs = jobsOf(shared, seeds);
  const done = await finished(store, group);
  for (const [index, job] of jobs.entries()) {
    const key = keyOf(job);
    if (done.has(key)) continue;
    const label = `${index + 1}/${jobs.length} ${job.method}, ${job.meta}, seed ${job.seed}`;
    const bar = progress(label, totalIterations(job.method, job.config, encoded, data.train.domains));
    const { prm: _prm, encoder: _encoder, ...params } = job.config;
    const run = await store.startRun({
      name: `${job.method}, ${job.meta}, seed ${job.seed}`,
      group,
      tags: [job.method, job.meta],
      params: { ...params, head: "mlp 64", buckets: 1024, method: job.method, meta: job.meta, seed: job.seed, key },
      dataFiles: [data.train.source, data.meta.source, ...(data.test ? [data.test.source] : [])],
      backend,
      weightsEvery: Math.ceil(job.config.iterations / (job.method === "instance-table" ? 10 : 100)),
    });
    try {
      const outcome = await trainRun({ ...job, data, encoded, run, onIteration: bar.update });
      const { phi: _phi, alpha: _alpha, weightsByRow: _rows, run: _run, ...summary } = outcome;
      await run.finish(summary);
    } catch (error) {
      await run.fail(error);
      throw error;
    } finally {
      bar.stop();
    }
  }
  const reports = await report(store, group, jobs, { backend: backend.name, data, quality });
  if (options.json) console.log(JSON.stringify(reports));
  else if (options.markdown) console.log(markdown(reports));
  else
    for (const [meta, one] of Object.entries(reports))
      console.log(`\nmeta set: ${meta}\n\n${formatReport(one, { domains: false })}`);
}

/** Methods with and without meta set, one column per kind of meta set. */
function markdown({ steps, outcomes }: Record<MetaKind, StudyReport>): string {
  const number = (value: number) => value.toFixed(3).replace("0.", ".").replace("-", "−");
  const cell = (report: MethodReport | undefined) => {
    if (report?.stepAuc === undefined) return "";
    const { stepAuc, headroomClosed: closed, wrongLabelAuc } = report;
    const interval = closed?.interval?.map((v) => `${Math.round(100 * v)}`.replace("-", "−")).join(", ");
    const share = closed ? `, ${Math.round(100 * closed.mean)} % [${interval ?? ""}]`.replace(" -", " −") : "";
    const found = wrongLabelAuc ? `, ${number(wrongLabelAuc.mean)}` : "";
    return `${number(stepAuc.mean)} ± ${number(stepAuc.std ?? 0)}${share}${found}`;
  };
  const of = (report: StudyReport, method: Method) => report.methods.find((m) => m.method === method);
  const rows = [...withoutMeta, ...withMeta].map((method) =>
    withoutMeta.includes(method)
      ? `| ${method} | ${cell(of(steps, method))} | |`
      : `| ${method} | ${cell(of(steps, method))} | ${cell(of(outcomes, method))} |`,
  );
  return ["| training | step-labelled meta set | outcomes only |", "| --- | --- | --- |", ...rows].join("\n");
}

async function loadData({ data: folder, json }: Options) {
  const quiet = { quiet: json === true };
  if (folder === undefined) {
    const demo = join(projectRoot(process.cwd()) ?? process.cwd(), "data", "demo");
    await ensureDemo(demo);
    const data = await loadFolder(demo, quiet);
    return {
      data: { ...data, meta: withFirstErrors(data.meta, join(demo, "truth.json")) },
      quality: await loadPlantedQuality(join(demo, "truth.json")),
      name: "demo",
    };
  }
  if (!existsSync(join(folder, "train.json"))) {
    throw new Error(`${folder} holds no train.json; make it with \`dreamprm data import FOLDER… -o ${folder}\``);
  }
  return { data: await loadFolder(folder, quiet), quality: undefined, name: "real" };
}

/** The demo's meta file tells outcomes only; where its solutions first go wrong is in the file for evaluation. */
function withFirstErrors(meta: SolutionSet, path: string): SolutionSet {
  const { first_errors: all } = JSON.parse(readFileSync(path, "utf8")) as { first_errors: Record<string, number[]> };
  const solutions = meta.solutions.map((solution) => {
    const number = Number(/-(\d+)$/.exec(solution.id)?.[1]);
    const firstError = all[solution.questionId][number - 1];
    return { ...solution, stepLabels: solution.steps.map((_, i) => (firstError === -1 || i < firstError ? 1 : 0)) };
  });
  return { ...meta, solutions };
}

async function loadFolder(folder: string, quiet: { quiet: boolean }): Promise<StudyData & { meta: SolutionSet }> {
  const [train, meta, test] = [
    await loadTrainSet(join(folder, "train.json"), quiet),
    await loadMetaSet(join(folder, "meta.json"), quiet),
    await loadMetaSet(join(folder, "test.json"), quiet),
  ];
  refuseOverlap({ train: train.samples, meta: meta.solutions, test: test.solutions });
  return { train, meta, test };
}

/** Seed by seed, so that an interrupted study has whole seeds. */
function jobsOf(shared: StudyConfig, seeds: readonly number[]): Job[] {
  const job = (method: Method, meta: MetaKind, seed: number): Job => ({
    method,
    meta,
    seed,
    config: recipe(method, meta, shared),
  });
  return seeds.flatMap((seed) => [
    ...withoutMeta.map((method) => job(method, "outcomes", seed)),
    ...withMeta.flatMap((method) => [job(method, "steps", seed), job(method, "outcomes", seed)]),
  ]);
}

/** Changes with everything that a run's result depends on, data aside. */
function keyOf({ method, meta, seed, config: { prm: _prm, encoder: _encoder, ...config } }: Job): string {
  return createHash("sha256")
    .update(JSON.stringify([method, meta, seed, config]))
    .digest("hex")
    .slice(0, 16);
}

async function finished(store: Store, group: string): Promise<Map<string, string>> {
  const runs = await store.list({ group, status: "finished" });
  return new Map(runs.flatMap(({ params: { key }, id }) => (typeof key === "string" ? [[key, id]] : [])));
}

/** From the store alone: what was trained now and what was there before. */
async function report(
  store: Store,
  group: string,
  jobs: readonly Job[],
  context: { backend: string; data: StudyData; quality: Readonly<Record<string, number>> | undefined },
): Promise<Record<MetaKind, StudyReport>> {
  const runs = await finished(store, group);
  const of = async (meta: MetaKind) => {
    const own = jobs.filter((job) => job.meta === meta || withoutMeta.includes(job.method));
    const outcomes: ReportedOutcome[] = [];
    for (const job of own) {
      const id = runs.get(keyOf(job));
      if (id === undefined) continue;
      const { summary } = await store.read(id);
      outcomes.push({ ...(summary as unknown as ReportedOutcome), run: id });
    }
    return studyReport({ ...context, store: store.folder, outcomes });
  };
  return { steps: await of("steps"), outcomes: await of("outcomes") };
}

void main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
