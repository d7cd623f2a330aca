import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Gpu {
  readonly name: string;
  readonly driver?: string;
  readonly memoryBytes?: number;
}

let found: Promise<readonly Gpu[]> | undefined;

/** The NVIDIA GPUs of this machine, asked for once: `nvidia-smi` takes a second where the driver must first wake up. */
export const gpus = (): Promise<readonly Gpu[]> => (found ??= askDriver());

async function askDriver(): Promise<readonly Gpu[]> {
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader,nounits"];
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", query, { timeout: 10_000 });
    return parseGpus(stdout);
  } catch {
    return fromProc("/proc/driver/nvidia/gpus");
  }
}

/** @param csv  lines of name, driver version and memory in MiB; a value may be "[N/A]" */
export function parseGpus(csv: string): Gpu[] {
  const lines = csv.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [name = "", driver = "", memory = ""] = line.split(",").map((cell) => cell.trim());
    const known = (cell: string) => cell !== "" && !cell.startsWith("[");
    return {
      name,
      ...(known(driver) && { driver }),
      ...(known(memory) && { memoryBytes: Number(memory) * 2 ** 20 }),
    };
  });
}

/** Where the driver runs but its tool is missing, as in many containers. @param folder  one folder per GPU in it */
export function fromProc(folder: string): Gpu[] {
  try {
    return readdirSync(folder).flatMap((gpu) => {
      const name = /^Model:\s*(.*\S)/m.exec(readFileSync(join(folder, gpu, "information"), "utf8"))?.[1];
      return name === undefined ? [] : [{ name }];
    });
  } catch {
    return [];
  }
}
