import * as tf from "@tensorflow/tfjs-core";

/** `wasmLoops.wat`, compiled */
export const WASM_LOOPS =
  "AGFzbQEAAAABJANgD39/f39/f39/fX19fX19fQBgAn9/AX1gCH9/f39/f39/AAITAQdiYWNrZW5kBm1lbW9yeQIAAQMEAwABAgcoAwVhZGFtVwAA" +
  "DHN1bU9mU3F1YXJlcwABDXNwYXJzZVByb2R1Y3QAAgqIBAO5AQICfwN7IAdBAnQhEAJAA0AgDyAQTw0BIAMgD2r9AAQAIREgCP0TIAEgD2r9AAQA" +
  "/eYBIAn9EyAR/eYB/eQBIRIgCv0TIAIgD2r9AAQA/eYBIAv9EyARIBH95gH95gH95AEhEyAFIA9qIBL9CwQAIAYgD2ogE/0LBAAgBCAPaiAO/RMg" +
  "ACAPav0ABAD95gEgDP0TIBL95gEgE/3jASAN/RP95AH95wH95QH9CwQAIA9BEGohDwwACwsLUwICfwJ7IAFBAnQhAwJAA0AgAiADTw0BIAAgAmr9" +
  "AAQAIQQgBSAEIAT95gH95AEhBSACQRBqIQIMAAsLIAX9HwAgBf0fAZIgBf0fAiAF/R8DkpIL9gECBH8BfSAFQQAgB/wLACABIAJBAnRqIQggBkEC" +
  "dCEGAkADQCABIAhPDQEgACgCBCEJIAAoAgAhCiADBEAgACgCACEJIAAoAgQhCgsgBCAJIAZsaiEJIAUgCiAGbGohCiABKgIAIQwgCSAGQXBxaiEL" +
  "AkADQCAJIAtPDQEgCiAK/QAEACAM/RMgCf0ABAD95gH95AH9CwQAIAlBEGohCSAKQRBqIQoMAAsLIAsgBkEPcWohCwJAA0AgCSALTw0BIAogCioC" +
  "ACAMIAkqAgCUkjgCACAJQQRqIQkgCkEEaiEKDAALCyAAQQhqIQAgAUEEaiEBDAALCws=";

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
