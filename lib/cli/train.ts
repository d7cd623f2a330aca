import * as tf from "@tensorflow/tfjs-core";
import { Command } from "commander";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, loadCheckpoint } from "../bilevel/checkpoint.js";
import { saveTensors } from "../core/safetensors.js";
import type { StudyConfig } from "../study/config.js";
import { type Method, methodNames } from "../study/methods.js";
import { type StudyReport, studyReport } from "../study/report.js";
import { type EncodedStudy, type Outcome, totalIterations, trainRun } from "../study/trainRun.js";
import type { Run } from "../tracker/run.js";
import { defaultStore, openStore, type Store } from "../tracker/store.js";
import { formatReport } from "./formatReport.js";
import { openStudy, type Study } from "./openStudy.js";
import { progress } from "./progress.js";
import { applyRecipe } from "./recipes.js";
import { chosenMethods } from "./chosenMethods.js";
import type { TrainFlags } from "./trainFlags.js";
import { addTrainOptions } from "./trainOptions.js";
import { trainHelp } from "./trainHelp.js";
import { refuseUnusedOptions } from "./vlmStudy.js";
import { saveWeights } from "./weightFiles.js";

export function trainCommand(): Command {
  const command = new Command("train").description(
    "train PRMs on weighted data, log every run, and report what came out",
  );
  addTrainOptions(command);
  return command.addHelpText("after", trainHelp).action(async (given: TrainFlags) => {
    const flags = settled(command, given);
    const methods = chosenMethods(flags, (option) => isGiven(command, option));
    const { report } = await trainStudy(flags, methods);
    console.log(flags.json ? JSON.stringify(report) : formatReport(report));
  });
}

const isGiven = (command: Command, option: string) => command.getOptionValueSource(option) === "cli";

/** Parsed options with the values of a recipe, or those for a vision-language model. */
export function settled(command: Command, given: TrainFlags): TrainFlags {
  const flags = applyRecipe(command, given);
  refuseUnusedOptions(flags, (option) => isGiven(command, option));
  return flags;
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
  given: TrainFlags,
  methods: readonly Method[],
): Promise<{ report: StudyReport; outcomes: Outcome[]; store: Store }> {
  const study = await openStudy(given);
  const { flags, data, encoded, config, store, backend } = study;
  const outcomes: Outcome[] = [];
  // what cannot be is refused before a run begins
  for (const method of methods) totalIterations(method, config, encoded, data.train.domains);
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
      outcomes.push(await trainLogged({ method, seed, run, study }));
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
  const study = await openStudy({ ...params, ...options, store: store.folder });
  const { step } = resume.extra as { step: number };
  const run = await store.resumeRun(record.id, { step });
  const outcome = await trainLogged({ method, seed: params.seed, run, study, resume });
  return { report: reported(study, [outcome]) };
}

function reported({ backend, store, data, quality }: Study, outcomes: readonly Outcome[]): StudyReport {
  return studyReport({ backend: backend.name, store: store.folder, data, outcomes, quality });
}

/** One run, until `finish`. */
async function trainLogged({
  method,
  seed,
  run,
  study: { flags, data, encoded, config, vlm },
  resume,
}: {
  method: Method;
  seed: number;
  run: Run;
  study: Study;
  resume?: Checkpoint;
}): Promise<Outcome> {
  const artifacts = join(run.folder, "artifacts");
  await mkdir(artifacts, { recursive: true });
  const total = totalIterations(method, config, encoded, data.train.domains);
  const label = `${method}, seed ${seed}`;
  const bar = progress(label, total, { quiet: flags.quiet === true });
  try {
    const checkpoint = checkpointPath(run.folder);
    const onEvaluate = () => {
      bar.stop();
      if (vlm && !flags.quiet) process.stderr.write(`${label}  evaluating\n`);
    };
    const shared = { method, seed, data, encoded, config, run, checkpoint, onIteration: bar.update, onEvaluate };
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
