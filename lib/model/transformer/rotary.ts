/**
 * Rotary position embeddings (arXiv 2104.09864): entry j of a head and entry j + D/2 turn together by the angle
 * position · frequency_j.
 */
import * as tf from "@tensorflow/tfjs-core";
import { nativeKernels } from "../../core/nativeKernels.js";
import { linear } from "../../core/twice.js";
import { add, halvesSwapped, mul } from "./direct.js";

/** cos and ± sin of the angles, [B or 1, L, 1, D] */
export interface RotaryTables {
  readonly cosine: tf.Tensor4D;
  /** −sin in the first half, sin in the second */
  readonly sine: tf.Tensor4D;
  /** −sine, for the rotation back */
  readonly back: tf.Tensor4D;
}

/** θ^(−2j/size) for j < size/2 */
export function frequencies(size: number, theta: number): number[] {
  return Array.from({ length: size / 2 }, (_, j) => theta ** ((-2 * j) / size));
}

/**
 * Tables of rotations.
 *
 * @param angle  angle of pair j of token l of sequence b, for j < D/2
 * @param shape  [B, L, D]; B = 1 when all sequences share their positions
 * @returns tables; the caller disposes them
 */
export function rotaryTables(
  angle: (b: number, l: number, j: number) => number,
  [B, L, D]: readonly [number, number, number],
): RotaryTables {
  const [cosine, sine] = [new Float32Array(B * L * D), new Float32Array(B * L * D)];
  for (let row = 0; row < B * L; row++) {
    for (let j = 0; j < D / 2; j++) {
      const turn = angle(Math.floor(row / L), row % L, j);
      const first = row * D + j;
      cosine[first] = cosine[first + D / 2] = Math.cos(turn);
      sine[first + D / 2] = Math.sin(turn);
      sine[first] = -sine[first + D / 2];
    }
  }
  const tensor = (values: Float32Array) => tf.tensor4d(values, [B, L, 1, D]);
  return { cosine: tensor(cosine), sine: tensor(sine), back: tensor(sine.map((s) => -s)) };
}

/**
 * Every head turned by its position's angles. Linear in x, and its adjoint is the rotation back, so nothing is saved.
 *
 * @param x  [B, L, heads, D]
 */
export function rotated(x: tf.Tensor4D, { cosine, sine, back }: RotaryTables): tf.Tensor4D {
  return linear(
    x,
    (x) =>
      (nativeKernels()?.("Rotary", [x, cosine, sine], 1)[0] as tf.Tensor4D | undefined) ??
      add(mul(x as tf.Tensor4D, cosine), mul(halvesSwapped(x as tf.Tensor4D), sine)),
    (y) => rotated(y, { cosine, sine: back, back: sine }),
  );
}
