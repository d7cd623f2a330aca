import * as tf from "@tensorflow/tfjs-core";
import { Command } from "commander";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, loadCheckpoint } from "../bilevel/checkpoint.js";
import { type BackendReport, useBackend } from "../core/backend.js";
import { saveTensors } from "../core/safetensors.js";
import { loadTrainSet } from "../data/dreamprm.js";
import { loadMetaSet, loadPools } from "../data/solutions.js";
import { refuseOverlap } from "../data/split.js";
import { loadPlantedQuality } from "../data/synthetic.js";
import type { StudyConfig, StudyData } from "../study/config.js";
import { type Method, methodNames } from "../study/methods.js";
import { type StudyReport, studyReport } from "../study/report.js";
import { encodeStudy, type EncodedStudy, type Outcome, totalIterations, trainRun } from "../study/trainRun.js";
import type { Run } from "../tracker/run.js";
import { defaultStore, openStore, type Store } from "../tracker/store.js";
import { formatReport } from "./formatReport.js";
import { progress } from "./progress.js";
import { applyRecipe } from "./recipes.js";
import { studyConfig } from "./trainConfig.js";
import { chosenMethods } from "./chosenMethods.js";
import type { TrainFlags } from "./trainFlags.js";
import { addTrainOptions } from "./trainOptions.js";
import { isVlm, refuseUnusedOptions, vlmStudy } from "./vlmStudy.js";
import { saveWeights } from "./weightFiles.js";

export function trainCommand(): Command {
  const command = addTrainOptions(
    new Command("train").description("train PRMs on weighted data, log every run, and report what came out"),
  );
  return command.action(async (given: TrainFlags) => {
    const flags = applyRecipe(command, given);
    const isGiven = (option: string) => command.getOptionValueSource(option) === "cli";
    refuseUnusedOptions(flags, isGiven);
    const methods = chosenMethods(flags, isGiven);
    const { report } = await trainStudy(flags, methods);
    console.log(flags.json ? JSON.stringify(report) : formatReport(report));
  });
}

/** `dreamprm resume RUN`: goes on where the run's last checkpoint was taken, with the run's own options. */
export function resumeCommand(): Command {
  return new Command("resume")
    .description("continue a run that was interrupted, from its last checkpoint")
    .argument("<run>", "id of the run, or the beginning of it")
    .option("--store <folder>", "folder of runs (default: $DREAMPRM_STORE, or experiments/runs)")
    .option("--json", "print one JSON value")
    .option("--quiet", "no progress")
    .action(async (id: string, options: { store?: string; json?: boolean; quiet?: boolean }) => {
      const store = await openStore(options.store ?? defaultStore());
      const { report } = await resumeRun(store, id, options);
      console.log(options.json ? JSON.stringify(report) : formatReport(report));
    });
}

/** Trains every method from every seed on one data set; what `dreamprm train` and `dreamprm demo` do. */
export async function trainStudy(
  flags: TrainFlags,
  methods: readonly Method[],
): Promise<{ report: StudyReport; outcomes: Outcome[]; store: Store }> {
  const study = await openStudy(flags);
  const { data, encoded, config, store, backend } = study;
  const outcomes: Outcome[] = [];
  for (const method of methods) {
    for (const seed of flags.seeds ?? [flags.seed]) {
      const run = await store.startRun({
        name: `${method}, seed ${seed}`,
        group: flags.group,
        tags: [method],
        params: { ...stored(flags), method, seed },
        dataFiles: [data.train, data.meta, data.validation, data.test].flatMap((set) => (set ? [set.source] : [])),
        backend,
        resources: { tensors: () => tf.memory().numTensors },
        weightsEvery: weightsEvery(config, encoded),
      });
      outcomes.push(await trainLogged({ method, seed, run, flags, study }));
    }
  }
  return { report: reported(study, outcomes), outcomes, store };
}

async function resumeRun(store: Store, id: string, options: { json?: boolean; quiet?: boolean }) {
  const record = await store.read(id);
  const { method, ...params } = record.params as unknown as TrainFlags & { method: Method };
  if (!methodNames.includes(method)) throw new Error(`run ${record.id} was not made by dreamprm train`);
  const path = checkpointPath(join(store.folder, record.id));
  if (!existsSync(path)) {
    throw new Error(`run ${record.id} has no checkpoint; train with --save_every_iterations to get some`);
  }
  const resume = await loadCheckpoint(path);
  const flags = { ...params, ...options, store: store.folder };
  const study = await openStudy(flags);
  const { step } = resume.extra as { step: number };
  const run = await store.resumeRun(record.id, { step });
  const outcome = await trainLogged({ method, seed: flags.seed, run, flags, study, resume });
  return { report: reported(study, [outcome]) };
}

type Study = Awaited<ReturnType<typeof openStudy>>;

/** Backend, data and configuration that the runs of one command share. */
async function openStudy(flags: TrainFlags) {
  const backend = await chosenBackend(flags);
  const data = await loadStudy(flags, flags.json === true || flags.quiet === true);
  const quality = flags.qualityJsonFile === undefined ? undefined : await loadPlantedQuality(flags.qualityJsonFile);
  const vlm = isVlm(flags) ? await vlmStudy(flags, data) : undefined;
  const config = await studyConfig(flags, data, vlm);
  const store = await openStore(flags.store ?? defaultStore());
  const encoded = encodeStudy(data, config);
  await vlm?.load();
  return { backend, data, quality, config, store, encoded, vlm };
}

function reported({ backend, store, data, quality }: Study, outcomes: readonly Outcome[]): StudyReport {
  return studyReport({ backend: backend.name, store: store.folder, data, outcomes, quality });
}

/** One run, until `finish`. */
async function trainLogged({
  method,
  seed,
  run,
  flags,
  study: { data, encoded, config, vlm },
  resume,
}: {
  method: Method;
  seed: number;
  run: Run;
  flags: TrainFlags;
  study: Study;
  resume?: Checkpoint;
}): Promise<Outcome> {
  const artifacts = join(run.folder, "artifacts");
  await mkdir(artifacts, { recursive: true });
  const total = totalIterations(method, config, encoded, data.train.domains);
  const bar = progress(`${method}, seed ${seed}`, total, { quiet: flags.quiet === true });
  try {
    const checkpoint = checkpointPath(run.folder);
    const shared = { method, seed, data, encoded, config, run, checkpoint, onIteration: bar.update };
    const outcome = await trainRun({ ...shared, ...(resume && { resume }) });
    await saveTensors(join(artifacts, "phi.safetensors"), outcome.phi, { run: run.id });
    await vlm?.save(artifacts, outcome.phi);
    if (Object.keys(outcome.alpha).length > 0) {
      await saveTensors(join(artifacts, "alpha.safetensors"), outcome.alpha, { run: run.id });
    }
    if (flags.weightsPath !== undefined) {
      const several = (flags.seeds?.length ?? 1) > 1 || (flags.methods?.length ?? 1) > 1;
      await saveWeights(several ? join(flags.weightsPath, `${method}-seed-${seed}`) : flags.weightsPath, outcome, data);
    }
    const {
      phi: _phi,
      alpha: _alpha,
      weightsByRow: _rows,
      run: _run,
      method: _method,
      seed: _seed,
      ...summary
    } = outcome;
    await run.finish(summary);
    return outcome;
  } catch (error) {
    await run.fail(error);
    throw error;
  } finally {
    bar.stop();
  }
}

const checkpointPath = (folder: string) => join(folder, "artifacts", "checkpoint.safetensors");

/** What a run keeps of its command's options: those on which its numbers depend. */
function stored(flags: TrainFlags): object {
  const {
    seeds: _seeds,
    methods: _methods,
    weighting: _weighting,
    json: _json,
    quiet: _quiet,
    store: _store,
    ...kept
  } = flags;
  return kept;
}

/** about a hundred snapshots a run, fewer of long tables: at most some 20 MB */
function weightsEvery({ iterations, upper: { unrollSteps = 1 } }: StudyConfig, { train }: EncodedStudy): number {
  const snapshots = Math.max(10, Math.min(100, Math.floor(5e6 / train.instances.length)));
  return Math.max(1, Math.floor(iterations / unrollSteps / snapshots));
}

async function chosenBackend({ device }: TrainFlags): Promise<BackendReport> {
  if (device === "cuda") process.env["DREAMPRM_BACKEND"] ??= "native-gpu";
  return useBackend(device === "cpu" ? "native" : "native-gpu");
}

async function loadStudy(flags: TrainFlags, quiet: boolean): Promise<StudyData> {
  const { withoutSteps } = flags;
  const optional = async (path: string | undefined) => (path === undefined ? undefined : loadMetaSet(path, { quiet }));
  const train = await loadTrainSet(flags.trainJsonFile, { quiet });
  const meta = await loadMetaSet(flags.metaJsonFile, { withoutSteps, quiet });
  const validation = await optional(flags.validationJsonFile);
  const test = await optional(flags.testJsonFile);
  const pools =
    flags.candidatesJsonFile === undefined ? undefined : await loadPools(flags.candidatesJsonFile, { quiet });
  refuseOverlap({
    train: train.samples,
    meta: meta.solutions,
    ...(validation && { validation: validation.solutions }),
    test: [...(test?.solutions ?? []), ...(pools?.flatMap(({ candidates }) => candidates) ?? [])],
  });
  return { train, meta, ...(validation && { validation }), ...(test && { test }), ...(pools && { pools }) };
}
