/**
 * Operations that go straight to TensorFlow's kernels where no tape records them, which saves a third of the time of a small
 * one. Elsewhere, and on the other backends, they are TensorFlow.js' own.
 */
import * as tf from "@tensorflow/tfjs-core";
import { product as anyProduct } from "../../core/gradients.js";
import { type NativeBackend, nativeBackend } from "../../core/nativeBinding.js";
import { isRecorded } from "../../core/tape.js";

function direct(): NativeBackend | undefined {
  return isRecorded() ? undefined : nativeBackend();
}

function typeAttribute({ binding }: NativeBackend, name = "T", type = binding.TF_FLOAT) {
  return { name, type: binding.TF_ATTR_TYPE, value: type };
}

function binary(kernel: string, plain: (x: tf.Tensor, y: tf.Tensor | number) => tf.Tensor) {
  return <T extends tf.Tensor>(x: T, y: tf.Tensor | number): T => {
    const native = direct();
    if (!native) return plain(x, y) as T;
    const inputs = [x, typeof y === "number" ? tf.scalar(y) : y];
    return native.executeSingleOutput(kernel, [typeAttribute(native)], inputs) as T;
  };
}

/** x + y, the shape x's */
export const add = binary("AddV2", tf.add);
/** x − y, the shape x's */
export const sub = binary("Sub", tf.sub);
/** x · y, the shape x's */
export const mul = binary("Mul", tf.mul);

/** x·y, the last two axes of either transposed first */
export function product<T extends tf.Tensor>(x: T, y: T, transposeX: boolean, transposeY: boolean): T {
  const native = direct();
  if (!native) return anyProduct(x, y, transposeX, transposeY) as T;
  const flag = (name: string, value: boolean) => ({ name, type: native.binding.TF_ATTR_BOOL, value });
  const attributes = [typeAttribute(native), flag("adj_x", transposeX), flag("adj_y", transposeY)];
  return native.executeSingleOutput("BatchMatMulV2", attributes, [x, y]) as T;
}

const INT32 = 3;

/** The halves of the last axis exchanged. */
export function halvesSwapped(x: tf.Tensor4D): tf.Tensor4D {
  const [B, L, heads, D] = x.shape;
  const native = direct();
  if (native) {
    const attributes = ["Tshift", "Taxis"].map((name) => typeAttribute(native, name, INT32));
    const inputs = [x, tf.scalar(D / 2, "int32"), tf.scalar(3, "int32")];
    return native.executeSingleOutput("Roll", [typeAttribute(native), ...attributes], inputs) as tf.Tensor4D;
  }
  const half = (start: number) => tf.slice(x, [0, 0, 0, start], [B, L, heads, D / 2]);
  return tf.concat([half(D / 2), half(0)], 3);
}
