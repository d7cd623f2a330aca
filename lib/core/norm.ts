import type * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "./nativeBinding.js";
import { type Params, dotTree } from "./tree.js";
import { views } from "./views.js";

/** ‖x‖₂ over all tensors of a tree, as a number: one pass over memory where the backend allows it. */
export function globalNorm(x: Params): number {
  const tensors = Object.values(x);
  const native = nativeBackend();
  if (native) {
    const type = { name: "T", type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT };
    const halves = tensors.map((tensor) => native.executeSingleOutput("L2Loss", [type], [tensor]));
    return Math.sqrt(2 * halves.reduce((sum, half) => sum + take(half), 0));
  }
  const memory = views();
  if (memory) return Math.sqrt(tensors.reduce((sum, tensor) => sum + sumOfSquares(memory.of(tensor)), 0));
  return Math.sqrt(take(dotTree(x, x)));
}

/** in four chains, which the processor runs side by side */
function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = values.length - (values.length % 4);
  for (let i = 0; i < end; i += 4) {
    a += values[i] ** 2;
    b += values[i + 1] ** 2;
    c += values[i + 2] ** 2;
    d += values[i + 3] ** 2;
  }
  for (let i = end; i < values.length; i++) a += values[i] ** 2;
  return a + b + c + d;
}

function take(scalar: tf.Tensor): number {
  const value = scalar.dataSync()[0];
  scalar.dispose();
  return value;
}
