import * as tf from "@tensorflow/tfjs-core";

/**
 * Squares of n × n patches joined to one token of n² times the channels.
 *
 * @param x_TPE    states of the patches of square tiles, row by row, [tiles, patches, E]
 * @param n        side of a square
 * @param version  v1 leaves rows and columns of the tokens exchanged, as the first InternVL models have it
 * @returns [tiles · patches / n², E · n²]
 */
export function pixelShuffle(x_TPE: tf.Tensor3D, n: number, version: "v1" | "v2"): tf.Tensor2D {
  const [tiles, patches, E] = x_TPE.shape;
  const side = Math.sqrt(patches) / n;
  const squares = tf.reshape(x_TPE, [tiles, side, n, side, n * E]);
  // entries of a token: row in the square, then column, then channel
  const joined = tf.transpose(squares, version === "v2" ? [0, 1, 3, 2, 4] : [0, 3, 1, 2, 4]);
  return tf.reshape(joined, [tiles * side ** 2, n ** 2 * E]);
}
