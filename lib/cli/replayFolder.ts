import { readdir } from "node:fs/promises";
import type { Compared } from "./replay.js";
import { replayImages } from "./replayImages.js";
import { replayModel } from "./replayModel.js";

/** What a folder holds, told by the files that lie in it, and how it is replayed. */
const LAYOUTS: readonly { files: readonly string[]; replay: (folder: string) => Promise<Compared> }[] = [
  { files: ["config.json", "model.safetensors", "cases.json"], replay: replayModel },
  { files: ["qwen2-vl.json", "internvl.json"], replay: replayImages },
];

/** @throws Error naming the folder and the layouts that are known when it has none of them */
export async function replayFolder(folder: string): Promise<Compared> {
  const found = new Set(await readdir(folder));
  const layout = LAYOUTS.find(({ files }) => files.every((file) => found.has(file)));
  if (layout) return layout.replay(folder);
  const known = LAYOUTS.map(({ files }) => files.join(", ")).join("; or ");
  throw new Error(`${folder} is no reference folder; one holds ${known}`);
}
