import * as tf from "@tensorflow/tfjs-core";
import { isSmall } from "./host.js";
import { nativeBackend } from "./nativeBinding.js";
import { nativeKernels } from "./nativeKernels.js";
import type { Params } from "./tree.js";
import { type WasmLoops, wasmLoops } from "./wasmLoops.js";

/** ‖x‖₂ over all tensors of a tree, as a number; in one pass without a temporary where the backend allows it. */
export function globalNorm(x: Params): number {
  const kernels = nativeKernels();
  const tensors = Object.values(x);
  if (kernels && tensors.length > 0) return Math.sqrt(take(kernels("SumOfSquares", tensors, 1, tensors.length)[0]));
  return Math.sqrt(tensors.reduce((sum, tensor) => sum + sumOfSquares(tensor), 0));
}

function sumOfSquares(tensor: tf.Tensor): number {
  if (isSmall(tensor)) return squares(tensor.dataSync());
  const native = nativeBackend();
  const loops = wasmLoops();
  if (loops && tensor.size % 4 === 0) return inChunks(tensor, loops);
  if (native === undefined) return take(tf.tidy(() => tf.sum(tf.square(tensor))));
  const type = { name: "T", type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT };
  return 2 * take(native.executeSingleOutput("L2Loss", [type], [tensor]));
}

function squares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return sum;
}

/** chunks are summed in double precision */
const CHUNK = 4096;

function inChunks(tensor: tf.Tensor, { sumOfSquares, address }: WasmLoops): number {
  const start = address(tensor);
  let sum = 0;
  for (let i = 0; i < tensor.size; i += CHUNK) sum += sumOfSquares(start + 4 * i, Math.min(CHUNK, tensor.size - i));
  return sum;
}

function take(scalar: tf.Tensor): number {
  const value = scalar.dataSync()[0];
  scalar.dispose();
  return value;
}
