import * as tf from "@tensorflow/tfjs-core";

interface Backend extends tf.KernelBackend {
  disposeData(dataId: object): boolean;
}

const corrected = new WeakSet<tf.KernelFunc>();
/** shape in which data was a right operand first */
const shapes = new WeakMap<object, string>();

/**
 * wasm 4.22's matrix products keep the right operand packed under its data alone: data that was multiplied as [3, 2] and
 * comes back reshaped to [2, 3] gives wrong numbers. Here it is copied when it comes back in another shape.
 */
export function correctWasmProducts(): void {
  for (const kernelName of [tf.BatchMatMul, tf._FusedMatMul]) {
    const own = tf.getKernel(kernelName, "wasm") as tf.KernelConfig | undefined;
    if (own === undefined || corrected.has(own.kernelFunc)) continue;
    const kernelFunc = withOneShape(own.kernelFunc);
    corrected.add(kernelFunc);
    tf.unregisterKernel(kernelName, "wasm");
    tf.registerKernel({ ...own, kernelFunc });
  }
}

function withOneShape(kernel: tf.KernelFunc): tf.KernelFunc {
  return (args) => {
    const b = args.inputs.b as tf.TensorInfo;
    const shape = b.shape.slice(-2).join();
    const first = shapes.get(b.dataId);
    if (first === undefined) shapes.set(b.dataId, shape);
    if (first === undefined || first === shape) return kernel(args);
    const backend = args.backend as Backend;
    const copy = tf.getKernel(tf.Identity, "wasm").kernelFunc({ inputs: { x: b }, backend }) as tf.TensorInfo;
    try {
      return kernel({ ...args, inputs: { ...args.inputs, b: copy } });
    } finally {
      backend.disposeData(copy.dataId);
    }
  };
}
