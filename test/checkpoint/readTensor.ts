/** Run in a process of its own: reads a tensor and prints its last number and by how many bytes the process grew. */
import { openCheckpoint } from "../../lib/checkpoint/checkpoint.js";

async function main([folder, name]: string[]): Promise<void> {
  const checkpoint = await openCheckpoint(folder);
  const before = process.resourceUsage().maxRSS;
  const values = await checkpoint.read(name);
  console.log(JSON.stringify([Number(values.at(-1)), 1024 * (process.resourceUsage().maxRSS - before)]));
}

void main(process.argv.slice(2));
