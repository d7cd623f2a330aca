import { type BackendReport, useBackend } from "../core/backend.js";
import { loadTrainSet } from "../data/dreamprm.js";
import { loadMetaSet, loadPools, type SolutionSetOptions } from "../data/solutions.js";
import { refuseOverlap } from "../data/split.js";
import { loadPlantedQuality } from "../data/synthetic.js";
import type { StudyData } from "../study/config.js";
import { encodeStudy } from "../study/trainRun.js";
import { defaultStore, openStore } from "../tracker/store.js";
import { studyConfig } from "./trainConfig.js";
import type { TrainFlags } from "./trainFlags.js";
import { isVlm } from "./vlmOptions.js";
import { vlmStudy } from "./vlmStudy.js";

export type Study = Awaited<ReturnType<typeof openStudy>>;

/** Backend, data and configuration that the runs of one command share. */
export async function openStudy(given: TrainFlags) {
  const backend = await chosenBackend(given);
  const quiet = given.json === true || given.quiet === true;
  const data = await loadStudy(given, quiet);
  const flags = withSystemPrompt(given, data);
  const quality = flags.qualityJsonFile === undefined ? undefined : await loadPlantedQuality(flags.qualityJsonFile);
  const vlm = isVlm(flags) ? await vlmStudy(flags, data) : undefined;
  const config = await studyConfig(flags, data, vlm);
  if (!quiet && flags.iterationNum !== undefined && config.iterations < flags.iterationNum) {
    console.log(`${config.iterations} iterations are --max_epoch ${flags.maxEpoch} passes over the training rows`);
  }
  const store = await openStore(flags.store ?? defaultStore());
  const encoded = encodeStudy(data, config);
  await vlm?.load();
  return { flags, backend, data, quality, config, store, encoded, vlm };
}

/** A model with labels in its prompts hears first what DreamPRM-1.5's rows say first. */
function withSystemPrompt(flags: TrainFlags, { train: { system } }: StudyData): TrainFlags {
  return isVlm(flags) && system !== undefined ? { systemPrompt: system, ...flags } : flags;
}

async function chosenBackend({ device }: TrainFlags): Promise<BackendReport> {
  if (device === "cuda") process.env["DREAMPRM_BACKEND"] ??= "native-gpu";
  return useBackend(device === "cpu" ? "native" : "native-gpu");
}

async function loadStudy(flags: TrainFlags, quiet: boolean): Promise<StudyData> {
  const { withoutSteps, candidatesJsonFile: candidates } = flags;
  const optional = async (path: string | undefined, options: SolutionSetOptions = {}) =>
    path === undefined ? undefined : loadMetaSet(path, { ...options, quiet });
  const train = await loadTrainSet(flags.trainJsonFile, { quiet });
  const meta = await optional(flags.metaJsonFile, { withoutSteps });
  const validation = await optional(flags.validationJsonFile);
  const test = await optional(flags.testJsonFile);
  const pools = candidates === undefined ? test?.pools : await loadPools(candidates, { quiet });
  refuseOverlap({
    train: train.samples,
    ...(meta && { meta: meta.solutions }),
    ...(validation && { validation: validation.solutions }),
    test: [...(test?.solutions ?? []), ...(pools?.flatMap(({ candidates }) => candidates) ?? [])],
  });
  return {
    train,
    ...(meta && { meta }),
    ...(validation && { validation }),
    ...(test && { test }),
    ...(pools && { pools }),
  };
}
