import { stat } from "node:fs/promises";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { loadTensors } from "../core/safetensors.js";
import { type PlainParams, toPlain } from "../core/tree.js";
import { loadPeft, peftOptions } from "./peft.js";
import type { VisionModel } from "./visionModel.js";

/**
 * φ from a file, from the folder of a run or of its artifacts, or from adapters in PEFT's layout.
 *
 * @throws Error naming the place when it holds none of these
 */
export async function startingPhi(place: string, model: VisionModel["model"]): Promise<PlainParams> {
  if (await peftOptions(place)) {
    const { phi } = await loadPeft(place, model);
    const plain = toPlain(phi);
    tf.dispose(phi);
    return plain;
  }
  const name = "phi.safetensors";
  for (const file of [place, path.join(place, name), path.join(place, "artifacts", name)]) {
    if ((await stat(file).catch(() => undefined))?.isFile()) return (await loadTensors(file)).tensors;
  }
  throw new Error(`${place} is neither a file of φ nor the folder of a run or of adapters`);
}
