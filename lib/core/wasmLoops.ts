import * as tf from "@tensorflow/tfjs-core";

/** `wasmLoops.wat`, compiled */
export const WASM_LOOPS =
  "AGFzbQEAAAABGQJgD39/f39/f39/fX19fX19fQBgAn9/AX0CEwEHYmFja2VuZAZtZW1vcnkCAAEDAwIAAQcYAgVhZGFtVwAADHN1" +
  "bU9mU3F1YXJlcwABCpACArkBAgJ/A3sgB0ECdCEQAkADQCAPIBBPDQEgAyAPav0ABAAhESAI/RMgASAPav0ABAD95gEgCf0TIBH9" +
  "5gH95AEhEiAK/RMgAiAPav0ABAD95gEgC/0TIBEgEf3mAf3mAf3kASETIAUgD2ogEv0LBAAgBiAPaiAT/QsEACAEIA9qIA79EyAA" +
  "IA9q/QAEAP3mASAM/RMgEv3mASAT/eMBIA39E/3kAf3nAf3lAf0LBAAgD0EQaiEPDAALCwtTAgJ/AnsgAUECdCEDAkADQCACIANP" +
  "DQEgACACav0ABAAhBCAFIAQgBP3mAf3kASEFIAJBEGohAgwACwsgBf0fACAF/R8BkiAF/R8CIAX9HwOSkgs=";

interface Exports {
  readonly adamW: (...addressesCountAndNumbers: number[]) => void;
  readonly sumOfSquares: (address: number, count: number) => number;
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
    const { adamW, sumOfSquares } = new WebAssembly.Instance(module, { backend: { memory } })
      .exports as unknown as Exports;
    return {
      adamW,
      sumOfSquares,
      address: ({ dataId }) => backend.dataIdMap.get(dataId).memoryOffset,
      empty: (shape) => tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], "float32")),
    };
  } catch {
    return undefined;
  }
}
