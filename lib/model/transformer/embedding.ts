import * as tf from "@tensorflow/tfjs-core";
import { nativeBackend } from "../../core/nativeBinding.js";
import { linear } from "../../core/twice.js";
import type { Layout, TokenSequence } from "./tokenBatch.js";

/** Rows of [B·L] that take image features, in their order; tensors to dispose of with the batch. */
export interface ImageSlots {
  /** int32 [M] */
  readonly row_M: tf.Tensor1D;
  /** for every row its feature, M where there is none, int32 [N] */
  readonly feature_N: tf.Tensor1D;
  /** 0 in rows that take a feature, else 1, [N, 1] */
  readonly isText_N1: tf.Tensor2D;
}

/**
 * Places of the image tokens of a padded batch.
 *
 * @param features  how many features the images of each sequence have
 * @returns undefined when there are none; the caller disposes the tensors
 * @throws RangeError naming the sequence when its image tokens are more or fewer than its images' features
 */
export function imageSlots(
  sequences: readonly TokenSequence[],
  imageToken: number,
  features: readonly number[],
  { tokens, row }: Layout,
): ImageSlots | undefined {
  const rows = sequences.flatMap(({ ids }, b) => {
    const places = ids.flatMap((id, i) => (id === imageToken ? [row(b, i)] : []));
    if (places.length === features[b]) return places;
    const counts = `${places.length} image tokens (id ${imageToken}), but its images give ${features[b]} features`;
    throw new RangeError(`sequence ${b} has ${counts}: expand its placeholders for exactly these images`);
  });
  if (rows.length === 0) return undefined;
  const N = sequences.length * tokens;
  const feature = new Int32Array(N).fill(rows.length);
  rows.forEach((row, m) => (feature[row] = m));
  return {
    row_M: tf.tensor1d(rows, "int32"),
    feature_N: tf.tensor1d(feature, "int32"),
    isText_N1: tf.tensor2d(
      feature.map((m) => Number(m === rows.length)),
      [N, 1],
      "float32",
    ),
  };
}

/**
 * Rows of a table, [N, H].
 *
 * @param table_VH  [V, H]
 * @param row_N     int32 [N]
 */
export function rows(table_VH: tf.Tensor2D, row_N: tf.Tensor1D): tf.Tensor2D {
  const map = (x: tf.Tensor) => tf.gather(x as tf.Tensor2D, row_N);
  return linear(table_VH, map, (dy) => summedRows(dy, row_N, table_VH.shape[0]));
}

/** The adjoint of `rows`. TensorFlow.js' own outside the native backend takes time in proportion to N · V. */
function summedRows(x_NH: tf.Tensor2D, row_N: tf.Tensor1D, V: number): tf.Tensor2D {
  const map = (x: tf.Tensor): tf.Tensor2D => {
    if (nativeBackend()) return tf.unsortedSegmentSum(x as tf.Tensor2D, row_N, V);
    const [values, places, H] = [x.dataSync(), row_N.dataSync(), x_NH.shape[1]];
    const sum = new Float32Array(V * H);
    places.forEach((row, n) => {
      for (let h = 0; h < H; h++) sum[row * H + h] += values[n * H + h];
    });
    return tf.tensor2d(sum, [V, H]);
  };
  return linear(x_NH, map, (dy) => rows(dy, row_N));
}

/**
 * Token embeddings with image features in the places of image tokens, whose own embeddings then have no influence.
 *
 * @param token_NH    [N, H]
 * @param feature_MH  [M, H]
 */
export function spliced(token_NH: tf.Tensor2D, feature_MH: tf.Tensor2D, slots: ImageSlots): tf.Tensor2D {
  return tf.add(tf.mul(token_NH, slots.isText_N1), scattered(feature_MH, slots));
}

/** Features in their rows, zeros elsewhere; the adjoint of `collected`, and both are selections, so no sums are needed. */
function scattered(feature_MH: tf.Tensor2D, slots: ImageSlots): tf.Tensor2D {
  const none_1H: tf.Tensor2D = tf.zeros([1, feature_MH.shape[1]]);
  const map = (x: tf.Tensor) => tf.gather(tf.concat([x as tf.Tensor2D, none_1H], 0), slots.feature_N);
  return linear(feature_MH, map, (dy) => collected(dy, slots));
}

function collected(x_NH: tf.Tensor2D, slots: ImageSlots): tf.Tensor2D {
  const map = (x: tf.Tensor) => tf.gather(x as tf.Tensor2D, slots.row_M);
  return linear(x_NH, map, (dy) => scattered(dy, slots));
}
