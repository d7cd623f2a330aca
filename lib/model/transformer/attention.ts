import * as tf from "@tensorflow/tfjs-core";
import { softmax } from "../../core/twice.js";
import { isRecorded } from "../../core/tape.js";
import { add, mul, product, sub } from "./direct.js";
import { together, type Written, written } from "./written.js";

/** Added to the scores of keys that may not be seen: finite, so that a row without any stays free of NaN. */
const UNSEEN = -1e9;

/**
 * softmax(q·kᵀ/√D + mask)·v per head; consecutive query heads share a key head when there are fewer of those
 * (grouped queries, arXiv 2305.13245).
 *
 * @param q     [B, L, heads, D]
 * @param k     [B, L, key heads, D]
 * @param v     [B, L, key heads, D]
 * @param mask  0 where a query may see a key, a large negative number where not, [B or 1, 1, L, L]; defaults to all
 * @returns [B·L, heads·D]
 */
export function attention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, mask?: tf.Tensor4D): tf.Tensor2D {
  const [B, L, heads, D] = q.shape;
  const keyHeads = k.shape[2];
  // query heads of one key head lie one below the other, so that keys are not repeated
  const grouped = (x: tf.Tensor, width: number) => tf.reshape(x, [B, keyHeads, (heads / keyHeads) * L, width]);
  const headsFirst = (x: tf.Tensor) => tf.transpose(x, [0, 2, 1, 3]);
  const scale = 1 / Math.sqrt(D);
  // how scores become weights, and the gradient in the weights, with these, that in the scores
  const form = (weigh: Weigh, ofScores: OfScores): Written => ({
    value: (save) => {
      const query = grouped(headsFirst(mul(q, scale)), D);
      const keyT = tf.transpose(k, [0, 2, 3, 1]);
      const value = headsFirst(v);
      const weight = weigh(product(query, keyT, false, false));
      save([query, keyT, value, weight]);
      const mixed = tf.reshape(product(weight, value, false, false), [B, heads, L, D]);
      return tf.reshape(headsFirst(mixed), [B * L, heads * D]);
    },
    gradient: (dy, [query, keyT, value, weight]) =>
      together(["q", "k", "v"], () => {
        const ofMixed = grouped(headsFirst(tf.reshape(dy, [B, L, heads, D])), D);
        const ofValue = product(weight, ofMixed, true, false);
        const ofScore = ofScores(product(ofMixed, value, false, true), weight);
        const ofQuery = tf.reshape(mul(product(ofScore, keyT, false, true), scale), [B, heads, L, D]);
        const ofKeyT = product(query, ofScore, true, false);
        return [headsFirst(ofQuery), tf.transpose(ofKeyT, [0, 3, 1, 2]), headsFirst(ofValue)];
      }),
  });
  const composed = form(
    (score) => {
      const seen = mask ? add(tf.reshape(score, [B, heads, L, L]), mask) : score;
      return grouped(isRecorded() ? softmax(seen) : tf.softmax(seen), L);
    },
    (ofWeight, weight) => {
      const weighted = mul(ofWeight, weight);
      return sub(weighted, mul(weight, tf.sum(weighted, -1, true)));
    },
  );
  return written({ q, k, v }, composed, (run) =>
    form(
      (score) => run("AttentionWeights", [score, mask ?? tf.tensor1d([])], 1)[0],
      (ofWeight, weight) => run("AttentionWeightsGradient", [ofWeight, weight], 1)[0],
    ),
  );
}

type Weigh = (score: tf.Tensor) => tf.Tensor;
type OfScores = (ofWeight: tf.Tensor, weight: tf.Tensor) => tf.Tensor;

/**
 * `attention` within consecutive segments of one long sequence, as patches of several images; keys of other segments are
 * not seen.
 *
 * @param lengths  of the segments, their sum L
 */
export function segmentAttention(
  [q, k, v]: readonly [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D],
  lengths: readonly number[],
): tf.Tensor2D {
  const [, , heads, D] = q.shape;
  if (lengths.every((length) => length === lengths[0])) {
    const split = (x: tf.Tensor4D): tf.Tensor4D => tf.reshape(x, [lengths.length, lengths[0], heads, D]);
    return attention(split(q), split(k), split(v));
  }
  const parts = [q, k, v].map((x) => slices(x, lengths, 1));
  return tf.concat(
    lengths.map((_, i) => attention(parts[0][i], parts[1][i], parts[2][i])),
    0,
  );
}

/** Consecutive parts of the given lengths along an axis; `tf.split`, whose second order is not proven, by `tf.slice`. */
export function slices<T extends tf.Tensor>(x: T, lengths: readonly number[], axis: number): T[] {
  let start = 0;
  return lengths.map((length) => {
    const along = (of: number, rest: number[]) => rest.map((size, i) => (i === axis ? of : size));
    const part = tf.slice<tf.Rank, T>(
      x,
      along(
        start,
        x.shape.map(() => 0),
      ),
      along(length, x.shape),
    );
    start += length;
    return part;
  });
}

/**
 * Mask of a causal language model. With padding on the right the causal mask alone keeps it out of every token's sight,
 * whatever the lengths, so it is shared by the batch.
 *
 * @param lengths  tokens of each sequence
 * @param L        of the padded batch
 * @returns [1, 1, L, L], or [B, 1, L, L] with padding on the left; the caller disposes it
 */
export function causalMask(lengths: readonly number[], L: number, padding: "left" | "right"): tf.Tensor4D {
  const first = padding === "right" || lengths.every((n) => n === L) ? [0] : lengths.map((n) => L - n);
  const mask = new Float32Array(first.length * L * L);
  first.forEach((start, b) => {
    for (let query = 0; query < L; query++) {
      const row = (b * L + query) * L;
      mask.fill(UNSEEN, row, row + start);
      mask.fill(UNSEEN, row + query + 1, row + L);
    }
  });
  return tf.tensor4d(mask, [first.length, 1, L, L]);
}
