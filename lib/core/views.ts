import * as tf from "@tensorflow/tfjs-core";

interface WasmBackend {
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array;
}

/** Direct sight of tensors' memory, for loops that would need many passes as tensor operations. */
export interface Views {
  /** uninitialised tensors of the shapes of `like` */
  readonly empty: (like: readonly tf.Tensor[]) => tf.Tensor[];
  /** valid until the next tensor is made */
  readonly of: (tensor: tf.Tensor) => Float32Array;
}

/** undefined where tensors live outside JavaScript's reach */
export function views(): Views | undefined {
  switch (tf.getBackend()) {
    case "wasm": {
      const wasm = tf.backend() as unknown as WasmBackend;
      return {
        empty: (like) =>
          like.map(({ shape }) => tf.engine().makeTensorFromTensorInfo(wasm.makeOutput([...shape], "float32"))),
        of: (tensor) => wasm.typedArrayFromHeap(tensor),
      };
    }
    case "cpu":
      return {
        empty: (like) => like.map(({ shape, size }) => tf.tensor(new Float32Array(size), shape)),
        of: (tensor) => tensor.dataSync<"float32">(),
      };
    default:
      return undefined;
  }
}
