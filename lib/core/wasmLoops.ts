import * as tf from "@tensorflow/tfjs-core";

/** `wasmLoops.wat`, compiled */
export const WASM_LOOPS =
  "AGFzbQEAAAABJQNgD39/f39/f39/fX19fX19fQBgAn9/AX1gCX9/f39/f39/fwACEwEHYmFja2VuZAZtZW1vcnkCAAEDBAMAAQIHKAMFYWRhbVcAAAxz" +
  "dW1PZlNxdWFyZXMAAQ1zcGFyc2VQcm9kdWN0AAIKowQDuQECAn8DeyAHQQJ0IRACQANAIA8gEE8NASADIA9q/QAEACERIAj9EyABIA9q/QAEAP3mASAJ" +
  "/RMgEf3mAf3kASESIAr9EyACIA9q/QAEAP3mASAL/RMgESAR/eYB/eYB/eQBIRMgBSAPaiAS/QsEACAGIA9qIBP9CwQAIAQgD2ogDv0TIAAgD2r9AAQA" +
  "/eYBIAz9EyAS/eYBIBP94wEgDf0T/eQB/ecB/eUB/QsEACAPQRBqIQ8MAAsLC1MCAn8CeyABQQJ0IQMCQANAIAIgA08NASAAIAJq/QAEACEEIAUgBCAE" +
  "/eYB/eQBIQUgAkEQaiECDAALCyAF/R8AIAX9HwGSIAX9HwIgBf0fA5KSC5ECAgZ/AX0gBkEAIAj8CwAgAiEJIAdBAnQhBwJAA0ACQANAIAogA08NAyAJ" +
  "IAAoAgRBAnRqIQsgAiALSQ0BIABBBGohACAKQQFqIQoMAAsLIAEoAgAhDCAKIQ0gBARAIAwhDSAKIQwLIAUgDCAHbGohDCAGIA0gB2xqIQ0gAioCACEP" +
  "IAwgB0FwcWohDgJAA0AgDCAOTw0BIA0gDf0ABAAgD/0TIAz9AAQA/eYB/eQB/QsEACAMQRBqIQwgDUEQaiENDAALCyAOIAdBD3FqIQ4CQANAIAwgDk8N" +
  "ASANIA0qAgAgDyAMKgIAlJI4AgAgDEEEaiEMIA1BBGohDQwACwsgAUEEaiEBIAJBBGohAgwACwsL";

interface Exports {
  readonly adamW: (...addressesCountAndNumbers: number[]) => void;
  readonly sumOfSquares: (address: number, count: number) => number;
  readonly sparseProduct: (...addressesAndCounts: number[]) => void;
}

interface WasmBackend {
  readonly wasm: { readonly asm?: { readonly memory?: WebAssembly.Memory } };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
}

/** Loops that see tensors' memory directly, where TensorFlow.js would pass over it a dozen times. */
export interface WasmLoops extends Exports {
  /** of a tensor's first byte */
  readonly address: (tensor: tf.Tensor) => number;
  /** an uninitialised tensor */
  readonly empty: (shape: readonly number[]) => tf.Tensor;
}

const loaded = new WeakMap<object, WasmLoops | null>();

/** undefined on other backends, and where this engine cannot run them (no SIMD, shared memory) */
export function wasmLoops(): WasmLoops | undefined {
  if (tf.getBackend() !== "wasm") return undefined;
  const backend = tf.backend() as unknown as WasmBackend;
  if (!loaded.has(backend)) loaded.set(backend, load(backend) ?? null);
  return loaded.get(backend) ?? undefined;
}

function load(backend: WasmBackend): WasmLoops | undefined {
  const memory = backend.wasm.asm?.memory;
  if (memory === undefined) return undefined;
  try {
    const module = new WebAssembly.Module(Buffer.from(WASM_LOOPS, "base64"));
    const { adamW, sumOfSquares, sparseProduct } = new WebAssembly.Instance(module, { backend: { memory } })
      .exports as unknown as Exports;
    return {
      adamW,
      sumOfSquares,
      sparseProduct,
      address: ({ dataId }) => backend.dataIdMap.get(dataId).memoryOffset,
      empty: (shape) => tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], "float32")),
    };
  } catch {
    return undefined;
  }
}
