import { Command } from "commander";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { type BackendReport, useBackend } from "../core/backend.js";
import { loadTrainSet } from "../data/dreamprm.js";
import { loadMetaSet, loadPools } from "../data/solutions.js";
import { refuseOverlap } from "../data/split.js";
import { loadPlantedQuality } from "../data/synthetic.js";
import { linearHead, mlpHead } from "../model/head.js";
import { saveTensors } from "../model/safetensors.js";
import { hashedFeatures } from "../text/features.js";
import { defaultStore, openStore, type Store } from "../tracker/store.js";
import { progress } from "./progress.js";
import { encodeStudy, type Method, type Outcome, type StudyConfig, type StudyData, trainOnce } from "./study.js";
import { formatReport, type StudyReport, studyReport } from "./studyReport.js";
import { addTrainOptions, chosenMethods, type TrainFlags } from "./trainOptions.js";

export function trainCommand(): Command {
  const command = addTrainOptions(
    new Command("train").description("train PRMs on weighted data, log every run, and report what came out"),
  );
  return command.action(async (flags: TrainFlags) => {
    const methods = chosenMethods(flags, (option) => command.getOptionValueSource(option) === "cli");
    const { report } = await trainStudy(flags, methods);
    console.log(flags.json ? JSON.stringify(report) : formatReport(report));
  });
}

/** Trains every method from every seed on one data set; what `dreamprm train` and `dreamprm demo` do. */
export async function trainStudy(
  flags: TrainFlags,
  methods: readonly Method[],
): Promise<{ report: StudyReport; outcomes: Outcome[]; store: Store }> {
  const backend = await chosenBackend(flags);
  const quiet = flags.quiet === true;
  const data = await loadStudy(flags, flags.json === true || quiet);
  const quality = flags.qualityJsonFile === undefined ? undefined : await loadPlantedQuality(flags.qualityJsonFile);
  const config = await studyConfig(flags, data);
  const store = await openStore(flags.store ?? defaultStore());
  const encoded = encodeStudy(data, config.encoder);
  const outcomes: Outcome[] = [];
  for (const method of methods) {
    for (const seed of flags.seeds ?? [flags.seed]) {
      const bar = progress(`${method}, seed ${seed}`, config.iterations, { quiet });
      try {
        outcomes.push(await trainLogged(method, seed, flags, data, encoded, config, store, backend, bar.update));
      } finally {
        bar.stop();
      }
    }
  }
  return {
    report: studyReport({ backend: backend.name, store: store.folder, data, outcomes, quality }),
    outcomes,
    store,
  };
}

/** One run of the study, from `startRun` to `finish`. */
async function trainLogged(
  method: Method,
  seed: number,
  flags: TrainFlags,
  data: StudyData,
  encoded: ReturnType<typeof encodeStudy>,
  config: StudyConfig,
  store: Store,
  backend: BackendReport,
  onIteration: (iteration: number, losses: Record<string, number>) => void,
): Promise<Outcome> {
  const { seeds: _seeds, methods: _methods, json: _json, quiet: _quiet, store: _store, group, ...params } = flags;
  const run = await store.startRun({
    name: `${method}, seed ${seed}`,
    group,
    tags: [method],
    params: { ...params, method, seed },
    dataFiles: [data.train.source, data.meta.source, ...(data.test ? [data.test.source] : [])],
    backend,
  });
  try {
    const every = flags.saveEveryIterations;
    const outcome = await trainOnce(method, seed, data, encoded, config, run, async (iteration, losses, phi) => {
      onIteration(iteration, losses);
      if (every > 0 && iteration % every === 0)
        await saveTensors(join(run.folder, "artifacts", `phi-${iteration}.safetensors`), phi());
    });
    await mkdir(join(run.folder, "artifacts"), { recursive: true });
    await saveTensors(join(run.folder, "artifacts", "phi.safetensors"), outcome.state.phi, { run: run.id });
    if (flags.weightsPath !== undefined) await saveWeights(flags.weightsPath, outcome, (flags.seeds?.length ?? 1) > 1);
    const { state: _state, run: _run, method: _method, seed: _seed, ...summary } = outcome;
    await run.finish(summary);
    return outcome;
  } catch (error) {
    await run.fail(error);
    throw error;
  }
}

async function chosenBackend({ device }: TrainFlags): Promise<BackendReport> {
  if (device === "cuda") process.env["DREAMPRM_BACKEND"] ??= "native-gpu";
  return useBackend(device === "cpu" ? "native" : "native-gpu");
}

async function loadStudy(flags: TrainFlags, quiet: boolean): Promise<StudyData> {
  const { withoutSteps } = flags;
  const train = await loadTrainSet(flags.trainJsonFile, { quiet });
  const meta = await loadMetaSet(flags.metaJsonFile, { withoutSteps, quiet });
  const test = flags.testJsonFile === undefined ? undefined : await loadMetaSet(flags.testJsonFile, { quiet });
  const pools =
    flags.candidatesJsonFile === undefined ? undefined : await loadPools(flags.candidatesJsonFile, { quiet });
  refuseOverlap({
    train: train.samples,
    meta: meta.solutions,
    test: [...(test?.solutions ?? []), ...(pools?.flatMap(({ candidates }) => candidates) ?? [])],
  });
  return { train, meta, ...(test && { test }), ...(pools && { pools }) };
}

async function studyConfig(flags: TrainFlags, { train }: StudyData): Promise<StudyConfig> {
  const encoder = hashedFeatures({ buckets: flags.buckets });
  const features = encoder.size;
  const schedule = { kind: "stepLR", stepSize: flags.schedulerStepSize, gamma: flags.schedulerGamma } as const;
  const perEpoch = Math.max(1, Math.floor(train.samples.length / flags.batchSize));
  return {
    prm: flags.rewardModel === "mlp" ? mlpHead({ features, hidden: flags.hiddenDim }) : linearHead({ features }),
    encoder,
    stepLoss: flags.stepLoss,
    aggregation: flags.aggregationFunction,
    batchSize: flags.batchSize,
    metaBatchSize: flags.metaBatchSize,
    lower: {
      optimizer: { kind: "adamw", weightDecay: flags.weightDecay },
      learningRate: flags.lr,
      schedule,
      clip: flags.gradientClipping,
    },
    upper: {
      optimizer: { kind: "adamw", weightDecay: flags.metaWeightDecay },
      learningRate: flags.metaLr,
      // counted in upper updates, so that both rates fall at the same iterations
      schedule: {
        ...schedule,
        stepSize: Math.ceil(flags.schedulerStepSize / (flags.unrollSteps * flags.gradientAccumulation)),
      },
      clip: flags.metaGradientClipping,
      unrollSteps: flags.unrollSteps,
      warmupIterations: flags.warmupIterations,
      rollBack: flags.rollback === true,
      hypergradient: flags.hypergradient === "dot" ? { method: "dot" } : { method: "darts", radius: flags.radius },
    },
    iterations: Math.min(flags.iterationNum, flags.maxEpoch * perEpoch),
    gradientAccumulation: flags.gradientAccumulation,
    ...(flags.retrain === true && { domainWeights: await readWeights(flags.weightsPath ?? "") }),
  };
}

/** φ as SafeTensors and the domain weights as JSON, in a folder of their own when there are several seeds. */
async function saveWeights(folder: string, { method, seed, weights, state }: Outcome, several: boolean): Promise<void> {
  const target = several ? join(folder, `${method}-seed-${seed}`) : folder;
  await mkdir(target, { recursive: true });
  await saveTensors(join(target, "phi.safetensors"), state.phi);
  if (weights) await writeFileAtomic(join(target, "weights.json"), `${JSON.stringify(weights, null, 2)}\n`);
}

async function readWeights(folder: string): Promise<Record<string, number>> {
  const path = join(folder, "weights.json");
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new Error(`${path} cannot be read (${error.message}); train with --weights_path ${folder} first`);
  });
  const weights: unknown = JSON.parse(text);
  const ok =
    typeof weights === "object" && weights !== null && Object.values(weights).every((w) => typeof w === "number");
  if (!ok) throw new Error(`${path} must map every domain to a number, such as {"physics": 1.2}`);
  return weights as Record<string, number>;
}
