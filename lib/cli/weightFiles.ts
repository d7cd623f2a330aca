import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { loadTensors, saveTensors } from "../core/safetensors.js";
import type { StudyConfig, StudyData } from "../study/config.js";
import type { Outcome } from "../study/trainRun.js";

type Weights = NonNullable<StudyConfig["weights"]>;

const ROWS = "row-weights.safetensors";

/** φ, α and the weights to train with again: by row as SafeTensors where rows have their own, by domain as JSON. */
export async function saveWeights(folder: string, outcome: Outcome, { train }: StudyData): Promise<void> {
  const { phi, alpha, weights, weightsByRow } = outcome;
  await mkdir(folder, { recursive: true });
  await saveTensors(join(folder, "phi.safetensors"), phi);
  if (Object.keys(alpha).length > 0) await saveTensors(join(folder, "alpha.safetensors"), alpha);
  if (weights) await writeFileAtomic(join(folder, "weights.json"), `${JSON.stringify(weights, null, 2)}\n`);
  if (weightsByRow) {
    const tensor = { shape: [weightsByRow.length], values: weightsByRow };
    await saveTensors(join(folder, ROWS), { weights: tensor }, { train: train.source.sha256 });
  }
}

/** Row weights where there are some, else domain weights. */
export async function readWeights(folder: string): Promise<Weights> {
  const byRow = await loadTensors(join(folder, ROWS)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (byRow) return { kind: "row", values: byRow.tensors.weights.values };
  const path = join(folder, "weights.json");
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new Error(`${path} cannot be read (${error.message}); train with --weights_path ${folder} first`);
  });
  const weights: unknown = JSON.parse(text);
  const ok =
    typeof weights === "object" && weights !== null && Object.values(weights).every((w) => typeof w === "number");
  if (!ok) throw new Error(`${path} must map every domain to a number, such as {"physics": 1.2}`);
  return { kind: "domain", values: weights as Record<string, number> };
}
