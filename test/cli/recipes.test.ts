import { Command } from "commander";
import { expect, test } from "vitest";
import { chosenMethods } from "../../lib/cli/chosenMethods.js";
import { settled } from "../../lib/cli/train.js";
import { studyConfig } from "../../lib/cli/trainConfig.js";
import type { TrainFlags } from "../../lib/cli/trainFlags.js";
import { addTrainOptions } from "../../lib/cli/trainOptions.js";
import type { StepSample } from "../../lib/data/types.js";
import { linearHead } from "../../lib/model/head.js";
import type { StudyConfig } from "../../lib/study/config.js";
import { hashedFeatures } from "../../lib/text/features.js";

const samples = Array.from({ length: 1000 }, (_, i): StepSample => {
  return { id: `${i}`, questionId: `${i}`, question: "q", steps: ["s"], domain: "d", target: 1 };
});
const train = { samples, domains: ["d"], source: { path: "made up", sha256: "", rows: 1000 } };

/** What a command line comes to, with a head in the place of the model. */
async function configOf(...args: string[]): Promise<{ flags: TrainFlags; methods: string[]; config: StudyConfig }> {
  const files = ["--train_json_file", "train.json", "--meta_json_file", "meta.json", "--quiet"];
  const command = addTrainOptions(new Command()).parse([...files, ...args], { from: "user" });
  const flags = settled(command, command.opts<TrainFlags>());
  const encoder = hashedFeatures({ buckets: 4 });
  const vlm = { encoder, prm: linearHead({ features: encoder.size }), load: async () => {}, save: async () => {} };
  const methods = chosenMethods(flags, (name) => command.getOptionValueSource(name) === "cli");
  return { flags, methods, config: await studyConfig(flags, { train }, vlm) };
}

const unclipped = { clip: 0 };

test("dreamprm: the defaults of its program", async () => {
  const { flags, methods, config } = await configOf("--recipe", "dreamprm");
  expect(methods).toEqual(["domain-table"]);
  expect(flags).toMatchObject({
    ...{ rewardModel: "Qwen/Qwen2-VL-2B-Instruct", readout: "logits", tune: "full", imageLongestSide: 512 },
    ...{ precision: "fp32", strategy: "default", seed: 1, saveEveryIterations: 1000, maxEpoch: 120 },
  });
  expect(config).toMatchObject({
    ...{ stepLoss: "squaredError", metaLoss: "squaredError", aggregation: "logOddsMean", unit: "step" },
    ...{ iterations: 10_000, batchSize: 1, metaBatchSize: 1, gradientAccumulation: 1 },
    lower: {
      ...{ optimizer: { kind: "adamw", weightDecay: 1e-3 }, learningRate: 5e-7, ...unclipped },
      schedule: { kind: "stepLR", stepSize: 5000, gamma: 0.5 },
    },
    upper: {
      ...{ optimizer: { kind: "adamw", weightDecay: 0 }, learningRate: 0.01, unrollSteps: 5, ...unclipped },
      schedule: { kind: "stepLR", stepSize: 1000, gamma: 0.5 }, // counted in upper updates: at the same iterations
      hypergradient: { method: "darts" },
    },
  });
});

test.each([
  ["table", "instance-table", 5e-3],
  ["net", "instance-net-published", 5e-4],
])("dreamprm-1.5-%s: what its paper and its code say", async (name, method, metaRate) => {
  const { flags, methods, config } = await configOf("--recipe", `dreamprm-1.5-${name}`);
  expect(methods).toEqual([method]);
  expect(flags).toMatchObject({
    rewardModel: "OpenGVLab/InternVL3-1B",
    readout: "label",
    tune: "full",
    maxPatchNum: 6,
  });
  const cosine = { kind: "cosineWithWarmup", warmupSteps: 5000, totalSteps: 100_000 };
  expect(config).toMatchObject({
    ...{ stepLoss: "crossEntropy", stepWeighting: "mean", instance: "solution", unit: "solution" },
    ...{ aggregation: "mean", lossTarget: "+", metaLoss: "squaredError" },
    ...{ iterations: 100_000, batchSize: 1, metaBatchSize: 1, gradientAccumulation: 1, normalise: "none" },
    lower: { optimizer: { kind: "adamw", weightDecay: 1e-2 }, learningRate: 5e-5, schedule: cosine, clip: 1 },
    upper: {
      ...{ optimizer: { kind: "adamw", weightDecay: 1e-3 }, learningRate: metaRate, schedule: cosine, clip: 1 },
      ...{ unrollSteps: 1, hypergradient: { method: "darts" } },
    },
  });
  if (name === "net") expect(config).toMatchObject({ net: { hiddenDim: 10 } });
  else expect(config).toMatchObject({ initialization: 1, activation: { activation: "projected", min: 0, max: 3 } });
});

test("the published clip, another method and other rates can be asked for", async () => {
  const clip = await configOf(
    "--recipe",
    "dreamprm-1.5-table",
    "--activation_function",
    "Clip",
    "--weight_range",
    "-1,3",
  );
  expect(clip.config.activation).toEqual({ activation: "clip", min: -1, max: 3 });
  const baseline = await configOf("--recipe", "dreamprm", "--baseline", "--lr", "1e-6");
  expect([baseline.methods, baseline.config.lower.learningRate]).toEqual([["vanilla"], 1e-6]);
});

test("without a recipe a head has heads' defaults, a vision-language model DreamPRM's by how it is tuned", async () => {
  const seen = async (...args: string[]) => {
    const { config } = await configOf(...args);
    return [
      config.iterations,
      config.batchSize,
      config.metaBatchSize,
      config.lower.learningRate,
      config.checkpointEvery,
    ];
  };
  expect(await seen()).toEqual([1800, 64, 32, 1e-3, 0]); // 120 epochs of 15 batches
  expect(await seen("--reward_model", "m", "--tune", "full")).toEqual([10_000, 1, 1, 5e-7, 1000]);
  expect(await seen("--reward_model", "m", "--batch_size", "4")).toEqual([10_000, 4, 1, 1e-4, 1000]);
  expect(await seen("--reward_model", "m", "--tune", "frozen")).toEqual([10_000, 1, 1, 1e-3, 1000]);
});
