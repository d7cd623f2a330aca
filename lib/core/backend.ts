import "@tensorflow/tfjs"; // registers the gradients, which tfjs-core alone lacks in Node
import * as tf from "@tensorflow/tfjs-core";
import { errorText } from "./errorText.js";
import { registerGradients } from "./gradients.js";
import { loadNative } from "./nativeBinding.js";
import { registerMissingWasmKernels, silenceCpuAdvice } from "./wasmKernels.js";

/** From best to last resort; also the values of `DREAMPRM_BACKEND`. */
export const BACKEND_NAMES = ["native-gpu", "native", "wasm", "cpu"] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** Which backend computes, and why the better ones do not. */
export interface BackendReport {
  name: BackendName;
  /** of libtensorflow for the native ones, else of the TensorFlow.js backend */
  version: string;
  device: "GPU" | "CPU";
  threads: number;
  simd: boolean;
  /** what a reader of the numbers above may wonder about */
  note?: string;
  /** the better backends that did not load, best first */
  tried: BackendAttempt[];
}

export interface BackendAttempt {
  name: BackendName;
  reason: string;
  remedy: string;
}

type Loaded = Omit<BackendReport, "name" | "tried">;

const REMEDY: Record<BackendName, string> = {
  "native-gpu": "on Linux with an NVIDIA GPU and its driver: npm run setup:tensorflow -- --gpu",
  native: "npm run setup:tensorflow",
  wasm: "npm install",
  cpu: "npm install",
};

const ONE_THREAD =
  "wasm's threaded build with two threads was no faster for [64, 1536] × [1536, 256], half as fast for sigmoid, " +
  "took 0.7 s more to start, and kept the process from ending";

const NO_KERNELS = "without our own operations: npm run setup:tensorflow compiles them";

let pending: Promise<BackendReport> | undefined;

/**
 * Loads the best backend that works and makes it TensorFlow.js' current one; the first call decides, later ones return its report.
 *
 * @param prefer  start the search here instead of at `"native-gpu"`; `DREAMPRM_BACKEND` overrides it and allows no other
 * @throws Error when `DREAMPRM_BACKEND` is unknown or the backend that it forces does not load
 */
export function useBackend(prefer: BackendName = "native-gpu"): Promise<BackendReport> {
  pending ??= choose(prefer).catch((error: unknown) => {
    pending = undefined;
    throw error;
  });
  return pending;
}

async function choose(prefer: BackendName): Promise<BackendReport> {
  registerGradients();
  const forced = forcedBackend();
  const candidates = forced ? [forced] : BACKEND_NAMES.slice(BACKEND_NAMES.indexOf(prefer));
  const tried: BackendAttempt[] = [];
  for (const name of candidates) {
    try {
      return { name, ...(await LOADERS[name]()), tried };
    } catch (error) {
      tried.push({ name, reason: errorText(error), remedy: REMEDY[name] });
    }
  }
  const what = forced ? `the backend forced by DREAMPRM_BACKEND=${forced} does not load` : "no backend loads";
  throw new Error([what, ...tried.map((t) => `  ${t.name}: ${t.reason}\n    remedy: ${t.remedy}`)].join("\n"));
}

function forcedBackend(): BackendName | undefined {
  const value = process.env["DREAMPRM_BACKEND"];
  if (!value) return undefined;
  const name = BACKEND_NAMES.find((name) => name === value);
  if (!name) throw new Error(`DREAMPRM_BACKEND is "${value}"; use one of ${BACKEND_NAMES.join(", ")}, or unset it`);
  return name;
}

const LOADERS: Record<BackendName, () => Promise<Loaded>> = {
  "native-gpu": () => native("GPU"),
  native: () => native("CPU"),
  wasm,
  cpu,
};

async function native(device: "GPU" | "CPU"): Promise<Loaded> {
  const binding = loadNative(device);
  if (device === "GPU" && !binding.usesGpu) throw new Error(`TensorFlow ${binding.version} loads but sees no GPU`);
  await activate("tensorflow");
  return {
    version: binding.version,
    device: binding.usesGpu ? "GPU" : "CPU",
    threads: binding.threads,
    simd: true,
    ...(device === "CPU" && !binding.kernels && { note: NO_KERNELS }),
  };
}

async function wasm(): Promise<Loaded> {
  const { getThreadsCount, version_wasm } = await import("@tensorflow/tfjs-backend-wasm");
  await registerMissingWasmKernels();
  await withoutNewListeners(() => activate("wasm"));
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return {
    version: version_wasm,
    device: "CPU",
    threads: Math.max(1, getThreadsCount()),
    simd: simd === true,
    note: ONE_THREAD,
  };
}

async function cpu(): Promise<Loaded> {
  const { version_cpu } = await import("@tensorflow/tfjs-backend-cpu");
  silenceCpuAdvice();
  await activate("cpu");
  return { version: version_cpu, device: "CPU", threads: 1, simd: false };
}

async function activate(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js cannot initialise its "${name}" backend`);
}

/** Emscripten takes over uncaught errors of the whole process, and prints its own source with each: it may not. */
async function withoutNewListeners(load: () => Promise<void>): Promise<void> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as "uncaughtException")));
  await load();
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as "uncaughtException")) {
      if (!before[i].has(listener)) process.off(event, listener);
    }
  });
}
