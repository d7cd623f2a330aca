import * as tf from "@tensorflow/tfjs-core";
import { correctWasmProducts } from "./wasmProducts.js";
import { quickenWasmTanh } from "./wasmTanh.js";

type Values = tf.backend_util.BackendValues;

/** What both backends have beyond the abstract class. */
interface Backend extends tf.KernelBackend {
  write(values: Values, shape: number[], dtype: tf.DataType): object;
  readSync(dataId: object): Values;
  disposeData(dataId: object, force?: boolean): boolean;
  firstUse?: boolean;
}

/** The wasm heap has no layout for complex numbers. */
const COMPLEX = new Set<string>([tf.Complex, tf.ComplexAbs, tf.Real, tf.Imag, tf.FFT, tf.IFFT]);

/**
 * In wasm 4.22 the maxima start from the smallest positive float, so they miss that of negative numbers, and a one-hot
 * tensor of floats holds the bits of integers.
 */
const WRONG = new Set<string>([tf.MaxPoolGrad, tf.MaxPool3D, tf.MaxPool3DGrad, tf.OneHot]);

const borrowed = new WeakSet<tf.KernelFunc>();

/**
 * Gives the wasm backend every kernel that only the cpu backend has, or that wasm has wrong, so that all gradients work:
 * the inputs are copied from the wasm heap, the cpu kernel computes, its outputs are copied back.
 * All other kernels stay wasm's own, matrix products corrected; those of complex numbers stay missing.
 *
 * @returns the names of the kernels added by this call
 */
export async function registerMissingWasmKernels(): Promise<string[]> {
  await Promise.all([import("@tensorflow/tfjs-backend-cpu"), import("@tensorflow/tfjs-backend-wasm")]);
  silenceCpuAdvice();
  const needed = tf.getKernelsForBackend("cpu").filter(({ kernelName }) => lacks(kernelName));
  for (const { kernelName, kernelFunc } of needed) {
    if (WRONG.has(kernelName)) tf.unregisterKernel(kernelName, "wasm");
    const throughCpu = borrow(kernelFunc);
    borrowed.add(throughCpu);
    tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc: throughCpu });
  }
  correctWasmProducts();
  quickenWasmTanh();
  return needed.map(({ kernelName }) => kernelName);
}

function lacks(kernelName: string): boolean {
  const own = tf.getKernel(kernelName, "wasm") as tf.KernelConfig | undefined;
  if (!own) return !COMPLEX.has(kernelName);
  return WRONG.has(kernelName) && !borrowed.has(own.kernelFunc);
}

/** The cpu backend's first use prints a banner that advises the native one; `dreamprm doctor` says that better. */
export function silenceCpuAdvice(): void {
  cpuBackend().firstUse = false;
}

function cpuBackend(): Backend {
  return tf.findBackend("cpu");
}

function borrow(kernel: tf.KernelFunc): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const cpu = cpuBackend();
    const wasm = backend as Backend;
    const owned: tf.TensorInfo[] = [];
    const own = (info: tf.TensorInfo) => (owned.push(info), info);
    try {
      const copied = mapInputs(inputs, (info) => own(copy(info, wasm, cpu)));
      const result = kernel({ inputs: copied, backend: cpu, ...(attrs && { attrs }) });
      const results = (Array.isArray(result) ? result : [result]).map(own);
      const outputs = results.map((info) => copy(info, cpu, wasm));
      return Array.isArray(result) ? outputs : outputs[0];
    } finally {
      // forced, since an output may share its data with an input
      for (const { dataId } of owned) cpu.disposeData(dataId, true);
    }
  };
}

/** Some kernels take a list of inputs, some named ones, of which some may be absent. */
function mapInputs(inputs: tf.NamedTensorInfoMap, f: (info: tf.TensorInfo) => tf.TensorInfo): tf.NamedTensorInfoMap {
  if (Array.isArray(inputs)) return (inputs as tf.TensorInfo[]).map(f) as unknown as tf.NamedTensorInfoMap;
  return Object.fromEntries(Object.entries(inputs).map(([name, info]) => [name, info && f(info)]));
}

function copy({ dataId, shape, dtype }: tf.TensorInfo, from: Backend, to: Backend): tf.TensorInfo {
  return { dataId: to.write(from.readSync(dataId), shape, dtype), shape, dtype };
}
