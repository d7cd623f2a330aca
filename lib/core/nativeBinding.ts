import * as tf from "@tensorflow/tfjs-core";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import util from "node:util";

/** What `npm run setup:tensorflow` builds; below the project so that it shares the project's tfjs-core. */
export const LOCAL_TENSORFLOW = resolve(__dirname, "../../.tensorflow");
const PACKAGE = "@tensorflow/tfjs-node-gpu";
const BINDING = "lib/napi-v8/tfjs_binding.node";
const QUIET = "lib/napi-v8/quiet.node";
const KERNELS = "lib/napi-v8/kernels.node";
/** as in `native/kernels.cc` */
const KERNELS_VERSION = 1;

/**
 * Operations of heads on features are so short that sharing them among cores takes longer than doing them, and several
 * runs then fit side by side. Set TF_NUM_INTRAOP_THREADS for large models.
 */
const THREADS = "1";

export interface NativeBinding {
  /** of libtensorflow */
  version: string;
  usesGpu: boolean;
  /** per operation on the CPU */
  threads: number;
  /** operations of `native/kernels.cc` are registered */
  kernels: boolean;
  /** folder of the tfjs-node-gpu package in use */
  path: string;
}

let loaded: NativeBinding | undefined;

/**
 * Loads libtensorflow and registers it as TensorFlow.js' backend "tensorflow".
 *
 * @param device  "CPU" hides the GPUs from TensorFlow
 * @throws Error when the binding is not installed or does not load
 */
export function loadNative(device: "GPU" | "CPU"): NativeBinding {
  loaded ??= load(device);
  return loaded;
}

function load(device: "GPU" | "CPU"): NativeBinding {
  const path = findPackage();
  const require = createRequire(join(path, "package.json"));
  restoreRemovedUtilities();
  loadGlobally(join(path, QUIET));
  const threads = process.env["TF_NUM_INTRAOP_THREADS"] ?? THREADS;
  const binding = withEnvironment(
    {
      TF_CPP_MIN_LOG_LEVEL: process.env["TF_CPP_MIN_LOG_LEVEL"] ?? "1",
      TF_NUM_INTRAOP_THREADS: threads,
      ...(device === "CPU" && { CUDA_VISIBLE_DEVICES: "-1" }),
    },
    () => require(join(path, BINDING)) as { TF_Version: string; isUsingGpuDevice(): boolean },
  );
  require("./dist/register_all_kernels.js");
  const { NodeJSKernelBackend } = require("./dist/nodejs_kernel_backend.js") as {
    NodeJSKernelBackend: new (binding: object, packageName: string) => tf.KernelBackend;
  };
  const kernels =
    existsSync(join(path, KERNELS)) &&
    (require(join(path, KERNELS)) as { version?: number }).version === KERNELS_VERSION;
  tf.registerBackend("tensorflow", () => Object.assign(new NodeJSKernelBackend(binding, PACKAGE), { kernels }), 3);
  return { version: binding.TF_Version, usesGpu: binding.isUsingGpuDevice(), threads: Number(threads), kernels, path };
}

/** Keeps TensorFlow's announcements from stderr, where `setup:tensorflow` built what does that. */
function loadGlobally(path: string): void {
  if (!existsSync(path)) return;
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL);
}

function findPackage(): string {
  const local = join(LOCAL_TENSORFLOW, "node_modules", PACKAGE);
  if (existsSync(join(local, BINDING))) return local;
  try {
    const path = dirname(createRequire(__filename).resolve(`${PACKAGE}/package.json`));
    if (existsSync(join(path, BINDING))) return path;
  } catch {
    // optional dependency left out by npm
  }
  throw new Error("the native TensorFlow binding is not installed");
}

/** tfjs-node 4.22 calls two functions that Node 23 removed. */
function restoreRemovedUtilities(): void {
  const target = util as { isNullOrUndefined?: (x: unknown) => boolean; isArray?: (x: unknown) => boolean };
  target.isNullOrUndefined ??= (x) => x === null || x === undefined;
  target.isArray ??= Array.isArray;
}

/** Runs `f` with environment variables that native code reads while it loads. */
function withEnvironment<T>(variables: Record<string, string>, f: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return f();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** What we use of the native backend beyond TensorFlow.js: any TensorFlow kernel by name, with its attributes. */
export interface NativeBackend {
  readonly binding: Readonly<
    Record<"TF_ATTR_TYPE" | "TF_ATTR_SHAPE" | "TF_ATTR_STRING" | "TF_ATTR_BOOL" | "TF_ATTR_INT" | "TF_FLOAT", number>
  >;
  readonly isUsingGpuDevice: boolean;
  /** operations of `native/kernels.cc` are registered */
  readonly kernels: boolean;
  executeSingleOutput(name: string, attributes: KernelAttribute[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: KernelAttribute[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

interface KernelAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The native backend when it is the one in use. */
export function nativeBackend(): NativeBackend | undefined {
  return tf.getBackend() === "tensorflow" ? (tf.backend() as unknown as NativeBackend) : undefined;
}
