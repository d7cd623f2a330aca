import * as tf from "@tensorflow/tfjs-core";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ZodType } from "zod";
import { parseOptions } from "../core/check.js";
import { loadTensors } from "../core/safetensors.js";
import { fromPlain, type Params } from "../core/tree.js";
import { internVl } from "../model/internvl/internvl.js";
import { qwen2Vl } from "../model/qwen2vl/qwen2vl.js";
import type { LanguageModel } from "../model/transformer/languageModel.js";
import { checkParameters } from "../model/transformer/parameters.js";
import type { Compared } from "./replay.js";
import { compareLabels, compareScores } from "./replayModelCases.js";
import { labelCases, labelTokens, modelType, scoreCases } from "./replayModelFiles.js";

/**
 * Computes every case of a folder with a tiny model: logits, scores, losses and gradients.
 *
 * @throws Error naming the file and what is wrong in it
 */
export async function replayModel(folder: string): Promise<Compared> {
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(folder, file), "utf8"));
  const parse = <T>(schema: ZodType<T>, value: unknown, file: string): T =>
    parseOptions(schema, value, `${join(folder, file)} is not in the layout of a reference model`);
  const withParameters = async (
    model: Pick<LanguageModel, "shapes" | "canonical">,
    compare: (phi: Params) => Compared,
  ) => {
    const phi = await load(join(folder, "model.safetensors"), model);
    try {
      return compare(phi);
    } finally {
      tf.dispose(phi);
    }
  };
  const [config, file] = [await read("config.json"), await read("cases.json")];
  if (parse(modelType, config, "config.json").model_type === "qwen2_vl") {
    const cases = parse(scoreCases, file, "cases.json");
    const model = qwen2Vl(config);
    return withParameters(model, (phi) => compareScores(model, phi, config, cases));
  }
  const tokens = parse(labelTokens, config, "config.json");
  const cases = parse(labelCases, file, "cases.json");
  const model = internVl(config, { imageToken: tokens.image_context_token_id });
  return withParameters(model, (phi) => compareLabels(model, phi, tokens, cases));
}

async function load(file: string, { shapes, canonical }: Pick<LanguageModel, "shapes" | "canonical">): Promise<Params> {
  const { tensors } = await loadTensors(file);
  const named = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [canonical(name), tensor]));
  checkParameters(named, shapes, file);
  return fromPlain(named);
}
