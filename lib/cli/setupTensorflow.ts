import { Command } from "commander";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { lock } from "proper-lockfile";
import { sync as writeFileAtomic } from "write-file-atomic";
import { z } from "zod";
import { LOCAL_TENSORFLOW } from "../core/nativeBinding.js";
import { layoutOf, sourcesSha256, STAGES, type BuildRequest, type Layout } from "./tensorflowStages.js";

const LOCK = ".lock";

type Say = (line: string) => void;

interface SetupOptions {
  gpu: boolean;
  wheel?: string;
  force: boolean;
}

const stateSchema = z.object({
  device: z.enum(["CPU", "GPU"]),
  /** file name, or "pip" */
  wheel: z.string(),
  done: z.array(z.string()),
  /** hash of the sources of our own */
  sources: z.string().optional(),
  /** the finished build's libtensorflow */
  version: z.string().optional(),
});
type State = z.infer<typeof stateSchema>;

export function setupTensorflowCommand(): Command {
  return new Command("setup-tensorflow")
    .description(
      "build TensorFlow.js' native binding against a current TensorFlow from PyPI, into the project's .tensorflow/ (Linux)",
    )
    .option("--gpu", "with the CUDA libraries", false)
    .option("--wheel <file>", "use this TensorFlow wheel instead of downloading one")
    .option("--force", "build again from nothing", false)
    .action((options: SetupOptions) => setupTensorflow(options));
}

/**
 * Takes the stages that are not done yet; says "already built" at once when there are none.
 *
 * @throws Error naming what is missing on this machine, or the stage that failed with the end of its output
 */
export async function setupTensorflow(
  options: SetupOptions,
  folder = LOCAL_TENSORFLOW,
  say: Say = (line) => console.log(line),
): Promise<void> {
  const wheel = options.wheel === undefined ? undefined : resolve(options.wheel);
  if (wheel !== undefined && !existsSync(wheel)) throw new Error(`--wheel ${wheel}: no such file`);
  const layout = layoutOf(folder);
  const found = options.force ? undefined : readState(layout);
  if (found?.version !== undefined && fits(found, options) && existsSync(bindingFile(layout))) {
    say(`already built: TensorFlow ${found.version} (${found.device}) in ${folder}`);
    return;
  }
  const request: BuildRequest = { python: requireTools(wheel === undefined || options.gpu), gpu: options.gpu, wheel };
  mkdirSync(folder, { recursive: true });
  const release = await lock(folder, { lockfilePath: join(folder, LOCK) }).catch(() => {
    throw new Error(`another setup is at work in ${folder}; wait for it to end`);
  });
  try {
    await build(layout, request, found && fits(found, options) ? found : undefined, say);
  } finally {
    await release();
  }
}

async function build(layout: Layout, request: BuildRequest, found: State | undefined, say: Say): Promise<void> {
  if (!found) {
    for (const entry of readdirSync(layout.folder)) {
      if (entry !== LOCK) rmSync(join(layout.folder, entry), { recursive: true });
    }
  }
  const state: State = {
    ...(found ?? { done: [] }),
    sources: sourcesSha256(),
    device: request.gpu ? "GPU" : "CPU",
    wheel: request.wheel ? basename(request.wheel) : (found?.wheel ?? "pip"),
  };
  for (const [i, { name, title, run }] of STAGES.entries()) {
    const label = `[${i + 1}/${STAGES.length}] ${title}`;
    if (state.done.includes(name)) {
      say(`${label}: done before`);
      continue;
    }
    say(`${label} …`);
    const start = Date.now();
    await run(layout, request);
    state.done.push(name);
    writeState(layout, state);
    say(`      ${((Date.now() - start) / 1000).toFixed(0)} s`);
  }
  const { version, usesGpu } = tryOut(layout);
  writeState(layout, { ...state, version });
  say(`built: TensorFlow ${version} on ${usesGpu ? "the GPU" : "the CPU"}, in ${layout.folder}`);
  if (request.gpu && !usesGpu) say("it sees no GPU: look at `nvidia-smi`, then run `npx dreamprm doctor`");
}

function readState(layout: Layout): State | undefined {
  const file = join(layout.folder, "state.json");
  if (!existsSync(file)) return undefined;
  try {
    const state = stateSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    if (state.sources === sourcesSha256()) return state;
    return { ...state, version: undefined, done: state.done.filter((name) => name !== "compile") };
  } catch {
    return undefined; // not ours or torn: build from nothing
  }
}

function writeState(layout: Layout, state: State): void {
  writeFileAtomic(join(layout.folder, "state.json"), JSON.stringify(state, null, 2));
}

/** Without --wheel, whatever wheel the build was made of will do. */
function fits(state: State, { gpu, wheel }: SetupOptions): boolean {
  return state.device === (gpu ? "GPU" : "CPU") && (wheel === undefined || basename(wheel) === state.wheel);
}

function bindingFile(layout: Layout): string {
  return join(layout.binding, "lib/napi-v8/tfjs_binding.node");
}

/** Loads the binding in a process of its own, since a bad build may crash. */
function tryOut(layout: Layout): { version: string; usesGpu: boolean } {
  const script = `const b = require(process.argv[1]); console.log(JSON.stringify({ version: b.TF_Version, usesGpu: b.isUsingGpuDevice() }))`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["-e", script, bindingFile(layout)], {
    encoding: "utf8",
  });
  if (status !== 0)
    throw new Error(
      `the binding was built but does not load (${status ?? signal}); build it again with --force:\n${stderr.trimEnd()}`,
    );
  return JSON.parse(stdout) as { version: string; usesGpu: boolean };
}

/** @returns the Python command */
function requireTools(needsPip: boolean): string {
  if (process.platform !== "linux") {
    throw new Error(
      `setup-tensorflow works on Linux, this is ${process.platform}; here: npm install @tensorflow/tfjs-node-gpu, or stay on wasm`,
    );
  }
  const works = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
  const python = ["python3", "python"].find((name) =>
    works(name, "-c", "import sys, zipfile; assert sys.version_info >= (3, 8)"),
  );
  const gaps = [
    !python && "Python 3.8 or newer (Debian, Ubuntu: apt install python3 python3-pip)",
    python &&
      needsPip &&
      !works(python, "-m", "pip", "--version") &&
      `pip (${python} -m ensurepip, or apt install python3-pip)`,
    !works(process.env["CXX"] ?? "c++", "--version") && "a C++ compiler (apt install g++)",
    !works("make", "--version") && "make (apt install make)",
    !works("tar", "--version") && "tar (apt install tar)",
    !works("npm", "--version") && "npm on the PATH (it comes with Node.js)",
  ].filter((gap) => typeof gap === "string");
  if (python && gaps.length === 0) return python;
  throw new Error(`setup-tensorflow needs:\n${gaps.map((gap) => `  ${gap}`).join("\n")}`);
}
