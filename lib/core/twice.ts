/**
 * Twice-differentiable versions of operations whose own gradients lose the second order.
 *
 * TensorFlow.js differentiates sigmoid, tanh, exp, softmax and others through the output that they saved, and a saved
 * output is cut off from its inputs: the gradient of a gradient then lacks a term without saying so. Here every
 * derivative is a function of the saved *input*, made of operations whose own gradients are right. Where no gradient of
 * the gradient is wanted the saved output serves, so that nothing is computed twice.
 */
import * as tf from "@tensorflow/tfjs-core";
import { isRecorded } from "./tape.js";

type Derivative = (dy: tf.Tensor, x: tf.Tensor, y: () => tf.Tensor) => tf.Tensor;
type CustomGradient = Parameters<typeof tf.customGrad>[0];

const certified = new WeakSet<tf.Tensor>();

/** Whether a tensor was made by a custom gradient of this file. */
export function isTwiceDifferentiable(output: tf.Tensor): boolean {
  return certified.has(output);
}

function certify<T extends tf.Tensor>(output: T): T {
  certified.add(output);
  return output;
}

/**
 * y = value(x) with the gradient `derivative(dy, x, y)`; `y()` is computed anew from x when the gradient itself is being
 * differentiated.
 */
function twice(x: tf.Tensor, value: (x: tf.Tensor) => tf.Tensor, derivative: Derivative): tf.Tensor {
  const f: CustomGradient = (...inputs) => {
    const [input, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const y = value(input);
    save([input, y]);
    return {
      value: y,
      gradFunc: (dy, saved) => derivative(dy, saved[0], () => (isRecorded() ? value(saved[0]) : saved[1])),
    };
  };
  return certify(tf.customGrad(f)(x));
}

/** y = map(x) for a linear map with the given adjoint: ⟨map(x), y⟩ = ⟨x, adjoint(y)⟩. */
export function linear<T extends tf.Tensor>(x: tf.Tensor, map: (x: tf.Tensor) => T, adjoint: (y: T) => tf.Tensor): T {
  const f: CustomGradient = (input) => ({ value: map(input as tf.Tensor), gradFunc: (dy) => adjoint(dy as T) });
  return certify(tf.customGrad(f)(x) as T);
}

/** The value of `f`, a constant to every gradient. */
export function detached<T extends tf.Tensor>(f: () => T): T {
  const constant: CustomGradient = () => ({ value: f(), gradFunc: () => [] });
  return certify(tf.customGrad(constant)() as T);
}

/** σ(x), σ' = σ(1 − σ) */
export function sigmoid<T extends tf.Tensor>(x: T): T {
  return twice(x, tf.sigmoid, (dy, _x, y) => tf.tidy(() => tf.mul(dy, tf.mul(y(), tf.sub(1, y()))))) as T;
}

/** tanh' = 1 − tanh² */
export function tanh<T extends tf.Tensor>(x: T): T {
  return twice(x, tf.tanh, (dy, _x, y) => tf.mul(dy, tf.sub(1, tf.square(y())))) as T;
}

/** exp' = exp */
export function exp<T extends tf.Tensor>(x: T): T {
  return twice(x, tf.exp, (dy, _x, y) => tf.mul(dy, y())) as T;
}

/** log(1 + eˣ), whose derivative is σ */
export function softplus<T extends tf.Tensor>(x: T): T {
  return twice(x, tf.softplus, (dy, x) => tf.mul(dy, tf.sigmoid(x))) as T;
}

/** Over the last axis: y_i (dy_i − Σ_j dy_j y_j) */
export function softmax<T extends tf.Tensor>(x: T): T {
  return twice(x, plainSoftmax, (dy, _x, y) => {
    const probabilities = y();
    return tf.mul(probabilities, tf.sub(dy, tf.sum(tf.mul(dy, probabilities), -1, true)));
  }) as T;
}

/** Over the last axis: dy − softmax(x) Σ_j dy_j */
export function logSoftmax<T extends tf.Tensor>(x: T): T {
  const value = (x: tf.Tensor) => tf.sub(x, plainLogSumExp(x));
  return twice(x, value, (dy, x) => tf.sub(dy, tf.mul(plainSoftmax(x), tf.sum(dy, -1, true)))) as T;
}

/** log Σ_j exp x_j over the last axis, which goes; its derivative is softmax */
export function logSumExp(x: tf.Tensor): tf.Tensor {
  const value = (x: tf.Tensor) => tf.squeeze(plainLogSumExp(x), [x.rank - 1]);
  return twice(x, value, (dy, x) => tf.mul(tf.expandDims(dy, -1), plainSoftmax(x)));
}

/** x for x > 0, else slope·x */
export function leakyRelu<T extends tf.Tensor>(x: T, slope = 0.2): T {
  const steepness = (x: tf.Tensor) => detached(() => tf.add(slope, tf.mul(1 - slope, tf.step(x))));
  return twice(
    x,
    (x) => tf.leakyRelu(x, slope),
    (dy, x) => tf.mul(dy, steepness(x)),
  ) as T;
}

/** x Φ(x) with the normal distribution function Φ */
export function gelu<T extends tf.Tensor>(x: T): T {
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

/** min(max(x, lowest), highest); the derivative is 1 inside and at the bounds, else 0 */
export function clip<T extends tf.Tensor>(x: T, lowest: number, highest: number): T {
  const inside = (x: tf.Tensor) =>
    detached(() => tf.cast(tf.logicalAnd(tf.greaterEqual(x, lowest), tf.lessEqual(x, highest)), "float32"));
  return twice(
    x,
    (x) => tf.clipByValue(x, lowest, highest),
    (dy, x) => tf.mul(dy, inside(x)),
  ) as T;
}

/** Largest entry along an axis, which goes; equal ones share the derivative */
export function max(x: tf.Tensor, axis = -1): tf.Tensor {
  return twice(
    x,
    (x) => tf.max(x, axis),
    (dy, x) =>
      tf.mul(
        tf.expandDims(dy, axis),
        detached(() => {
          const largest = tf.cast(tf.equal(x, tf.max(x, axis, true)), "float32");
          return tf.div(largest, tf.sum(largest, axis, true));
        }),
      ),
  );
}

/** Smallest entry along an axis */
export function min(x: tf.Tensor, axis = -1): tf.Tensor {
  return tf.neg(max(tf.neg(x), axis));
}

/** √x whose derivative at 0 is taken as 0 */
export function sqrtFlatAtZero<T extends tf.Tensor>(x: T): T {
  const positive = (x: tf.Tensor) => detached(() => tf.step(x));
  return twice(x, tf.sqrt, (dy, x) => {
    const inside = positive(x);
    return tf.div(tf.mul(dy, inside), tf.mul(2, tf.sqrt(tf.add(tf.mul(x, inside), tf.sub(1, inside)))));
  }) as T;
}

function plainLogSumExp(x: tf.Tensor): tf.Tensor {
  const largest = detached(() => tf.max(x, -1, true));
  return tf.add(largest, tf.log(tf.sum(tf.exp(tf.sub(x, largest)), -1, true)));
}

function plainSoftmax(x: tf.Tensor): tf.Tensor {
  const powers = tf.exp(
    tf.sub(
      x,
      detached(() => tf.max(x, -1, true)),
    ),
  );
  return tf.div(powers, tf.sum(powers, -1, true));
}
