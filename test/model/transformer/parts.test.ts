import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { activations, swiGlu } from "../../../lib/model/transformer/activation.js";
import { attention, causalMask, segmentAttention } from "../../../lib/model/transformer/attention.js";
import { layerNorm, rmsNorm } from "../../../lib/model/transformer/norm.js";
import { frequencies, rotated, rotaryTables } from "../../../lib/model/transformer/rotary.js";
import { patchesOf } from "../../../lib/model/transformer/tiles.js";
import { expectClose } from "../../expectClose.js";
import { onEveryBackend, uniform } from "../golden.js";

const [B, L, heads, keyHeads, D] = [2, 5, 4, 2, 6];
const array = (name: string, size: number) => Array.from(uniform(name, size));
const q = array("q", B * L * heads * D).map((x) => 3 * x);
const k = array("k", B * L * keyHeads * D);
const v = array("v", B * L * keyHeads * D);
const tensor = (values: number[], heads: number) => tf.tensor4d(values, [B, L, heads, D]);

/** By the formula, one number at a time; `sees(b, query, key)` */
function bruteForce(sees: (b: number, query: number, key: number) => boolean): number[] {
  const out: number[] = [];
  for (let b = 0; b < B; b++)
    for (let i = 0; i < L; i++)
      for (let h = 0; h < heads; h++) {
        const shared = Math.floor((h * keyHeads) / heads);
        const key = (j: number, d: number) => ((b * L + j) * keyHeads + shared) * D + d;
        const places = Array.from({ length: L }, (_, j) => j).filter((j) => sees(b, i, j));
        const dot = (j: number) => {
          let sum = 0;
          for (let d = 0; d < D; d++) sum += q[((b * L + i) * heads + h) * D + d] * k[key(j, d)];
          return Math.exp(sum / Math.sqrt(D));
        };
        const total = places.reduce((sum, j) => sum + dot(j), 0);
        for (let d = 0; d < D; d++) out.push(places.reduce((sum, j) => sum + (dot(j) / total) * v[key(j, d)], 0));
      }
  return out;
}

onEveryBackend(() => {
  test("attention with shared key heads is the formula, for every mask", () => {
    const of = (mask?: tf.Tensor4D) =>
      tf.tidy(() => attention(tensor(q, heads), tensor(k, keyHeads), tensor(v, keyHeads), mask));
    expectClose(
      of(),
      bruteForce(() => true),
    );
    expectClose(
      of(causalMask([5, 3], L, "right")),
      bruteForce((_, i, j) => j <= i),
    );
    const lengths = [5, 3];
    const left = Array.from(of(causalMask(lengths, L, "left")).dataSync());
    const expected = bruteForce((b, i, j) => j <= i && j >= L - lengths[b]);
    const isPadding = (n: number) => n >= L * heads * D && n < (L + 2) * heads * D;
    expect(left.every(Number.isFinite)).toBe(true);
    expectClose(
      left.filter((_, n) => !isPadding(n)),
      expected.filter((_, n) => !isPadding(n)),
    );
  });

  test.each([[[2, 3]], [[1, 1, 1, 1, 1]], [[5]]])("segments of %j see only themselves", (lengths) => {
    const one = (values: number[], heads: number) => tf.tensor4d(values.slice(0, L * heads * D), [1, L, heads, D]);
    const segment = lengths.flatMap((length, s) => Array.from({ length }, () => s));
    const wide = keyHeads;
    const out = tf.tidy(() => segmentAttention([one(q, wide), one(k, wide), one(v, wide)], lengths));
    const masked = tf.tidy(() => {
      const mask = segment.flatMap((a) => segment.map((b) => (a === b ? 0 : -1e9)));
      return attention(one(q, wide), one(k, wide), one(v, wide), tf.tensor4d(mask, [1, 1, L, L]));
    });
    expectClose(out, Array.from(masked.dataSync()));
  });

  test("rotations turn pairs by their angles, and back in the gradient", () => {
    const angle = (_: number, l: number, j: number) => l * frequencies(D, 100)[j];
    const tables = rotaryTables(angle, [1, L, D]);
    const x = tensor(q, heads);
    const expected = q.map((value, n) => {
      const [d, l] = [n % D, Math.floor(n / (D * heads)) % L];
      const turn = angle(0, l, d % (D / 2));
      const partner = q[d < D / 2 ? n + D / 2 : n - D / 2];
      return value * Math.cos(turn) + (d < D / 2 ? -1 : 1) * partner * Math.sin(turn);
    });
    expectClose(rotated(x, tables), expected);
    const y = tensor(array("other", B * L * heads * D), heads);
    const back = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(rotated(x as tf.Tensor4D, tables), y)))(x);
    expectClose(tf.sum(tf.mul(back, x)), Array.from(tf.sum(tf.mul(rotated(x, tables), y)).dataSync()), {
      relative: 1e-4,
    });
    expectClose(rotated(back as tf.Tensor4D, tables), Array.from(y.dataSync()));
  });

  test("norms and activations are their formulas", () => {
    const [x, w, b] = [array("x", 12).map((x) => 4 * x), array("w", 4), array("b", 4)];
    const rows = [0, 1, 2].map((r) => x.slice(4 * r, 4 * r + 4));
    const mean = (x: number[]) => x.reduce((a, b) => a + b) / x.length;
    const rms = (x: number[]) => Math.sqrt(mean(x.map((y) => y * y)) + 1e-3);
    const normed = rows.flatMap((row) => row.map((y, i) => (w[i] * y) / rms(row)));
    const at = [tf.tensor2d(rows), tf.tensor1d(w), tf.tensor1d(b)] as const;
    expectClose(rmsNorm(at[0], at[1], 1e-3), normed);
    const centred = rows.map((row) => row.map((y) => y - mean(row)));
    const layer = centred.flatMap((row) => row.map((y, i) => (w[i] * y) / rms(row) + b[i]));
    expectClose(layerNorm(...at, 1e-3), layer);
    const sigma = (z: number) => 1 / (1 + Math.exp(-z));
    const [gate, up] = [tf.tensor2d(x, [3, 4]), tf.tensor2d(normed, [3, 4])];
    const gated = x.map((z, i) => z * sigma(z) * normed[i]);
    expectClose(swiGlu(gate, up), gated);
    const quick = x.map((z) => z * sigma(1.702 * z));
    expectClose(activations.quick_gelu(gate), quick);
    const tanhGelu = (z: number) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
    expectClose(activations.gelu_pytorch_tanh(gate), x.map(tanhGelu));
  });
});

describe("patches of tiles", () => {
  test("lie as a convolution with the kernel's size as stride sees them, leftover pixels unseen", () => {
    const [channels, imageSize, patchSize, out] = [2, 7, 3, 5];
    const pixels = uniform("pixels", 3 * channels * imageSize ** 2);
    const half = 2 * channels * imageSize ** 2;
    const images = [
      { tiles: 2, pixels: pixels.slice(0, half) },
      { tiles: 1, pixels: pixels.slice(half) },
    ];
    const kernel = uniform("kernel", out * channels * patchSize ** 2);
    const patch_PC = patchesOf(images, { channels, imageSize, patchSize });
    const ours = tf.matMul(patch_PC, tf.tensor2d(kernel, [out, channels * patchSize ** 2]), false, true);
    const image = tf.transpose(tf.tensor4d(pixels, [3, channels, imageSize, imageSize]), [0, 2, 3, 1]);
    const filter = tf.transpose(tf.tensor4d(kernel, [out, channels, patchSize, patchSize]), [2, 3, 1, 0]);
    expectClose(ours, Array.from(tf.conv2d(image, filter, patchSize, "valid").dataSync()));
  });
});
