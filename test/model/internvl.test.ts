import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { internVl, type InternVlSequence } from "../../lib/model/internvl/internvl.js";
import { pixelShuffle } from "../../lib/model/internvl/pixelShuffle.js";
import { centralDifference, expectClose } from "../expectClose.js";
import { expectSameWhenSeen, goldenParameters, logitsOf, lossAndGrads, onEveryBackend, uniform } from "./golden.js";

/** what the fixtures do not have: norms of every kind, the layer before the last, the first shuffle */
const config = {
  model_type: "internvl_chat",
  downsample_ratio: 0.5,
  ps_version: "v1",
  select_layer: -2,
  llm_config: {
    model_type: "qwen2",
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    vocab_size: 40,
    rope_scaling: { type: "dynamic", rope_type: "dynamic", factor: 2 },
    tie_word_embeddings: false,
  },
  vision_config: {
    hidden_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 20,
    image_size: 16,
    patch_size: 4,
    norm_type: "rms_norm",
    qk_normalization: true,
    qkv_bias: false,
  },
};
const imageToken = 30;
const model = internVl(config, { imageToken });
const TILE = 3 * 16 * 16;
const image = (tiles: number) => ({ tiles, pixels: uniform(`${tiles} tiles`, tiles * TILE) });
const places = (count: number) => Array.from({ length: count }, () => imageToken);
const sequences: InternVlSequence[] = [
  { ids: [1, ...places(4), 2, 3], wanted: [5, 6], images: [image(1)] },
  { ids: [7, ...places(12), 9, ...places(4), 2], wanted: [0, 18], images: [image(3), image(1)] },
  { ids: [8, 5, 6], wanted: [2] },
];

onEveryBackend(() => {
  test("images seen beforehand give the same numbers", () => {
    const phi = goldenParameters(model.shapes);
    expectSameWhenSeen(model, phi, sequences, [4, 5, 6, 7, 8]);
    tf.dispose(phi);
  });

  test.each(["left", "right"] as const)("padding on the %s changes nothing", (padding) => {
    const phi = goldenParameters(model.shapes);
    const alone = sequences.flatMap((sequence) => logitsOf(model, phi, [sequence]));
    expectClose(logitsOf(model, phi, sequences, padding), alone, { relative: 1e-5 });
    tf.dispose(phi);
  });

  test.each(["mlp1.1.bias", "vision_model.encoder.layers.0.attn.q_norm.weight", "vision_model.encoder.layers.0.ls1"])(
    "the gradient of %s is the central difference",
    (name) => {
      const phi = goldenParameters(model.shapes);
      const targets = [4, 5, 6, 7, 8];
      const { value, grads } = lossAndGrads(model, [phi], sequences, targets);
      const loss = (x: number[]) => {
        const moved = tf.tensor1d(x);
        const logits = logitsOf(model, { ...phi, [name]: moved }, sequences);
        moved.dispose();
        const each = targets.map((target, p) => {
          const row = logits.slice(p * 40, (p + 1) * 40);
          return Math.log(row.reduce((sum, z) => sum + Math.exp(z - row[target]), 0));
        });
        return each.reduce((a, b) => a + b) / each.length;
      };
      const expected = centralDifference(loss, Array.from(phi[name].dataSync()));
      expectClose(grads[name], expected, { relative: 2e-2 });
      tf.dispose([phi, value, grads]);
    },
  );
});

test.each(["v1", "v2"] as const)("pixel shuffle %s joins squares of patches", (version) => {
  const [tiles, side, E, n] = [2, 4, 3, 2];
  const x = Float32Array.from({ length: tiles * side * side * E }, (_, i) => i);
  const at = (tile: number, row: number, column: number, e: number) => x[((tile * side + row) * side + column) * E + e];
  const expected: number[] = [];
  for (let tile = 0; tile < tiles; tile++)
    for (let first = 0; first < side / n; first++)
      for (let second = 0; second < side / n; second++)
        for (let r = 0; r < n; r++)
          for (let c = 0; c < n; c++)
            for (let e = 0; e < E; e++) {
              const [row, column] = version === "v2" ? [first, second] : [second, first];
              expected.push(at(tile, row * n + r, column * n + c, e));
            }
  expectClose(pixelShuffle(tf.tensor3d(x, [tiles, side * side, E]), n, version), expected);
});

describe("bad input", () => {
  const made = (change: object) => () => internVl({ ...config, ...change }, { imageToken });

  test("a config that asks for something else names the field", () => {
    expect(made({ model_type: "internvl" })).toThrow(/model_type: .*got "internvl"/);
    expect(made({ llm_config: { ...config.llm_config, model_type: "internlm2" } })).toThrow(/llm_config\.model_type/);
    expect(made({ force_image_size: 32 })).toThrow(/force_image_size: must be vision_config.image_size 16.*got 32/);
    expect(made({ downsample_ratio: 0.3 })).toThrow(/downsample_ratio: must be 1 \/ n/);
    expect(made({ select_layer: 3 })).toThrow(/select_layer: there are 2 layers/);
    const yarn = { ...config.llm_config, rope_scaling: { type: "yarn", factor: 4 } };
    expect(made({ llm_config: yarn })).toThrow(/llm_config\.rope_scaling\.type: .*got "yarn"/);
    const heads = { ...config.llm_config, num_key_value_heads: 3 };
    expect(made({ llm_config: heads })).toThrow(/num_key_value_heads: does not divide num_attention_heads 2/);
  });

  test("tiles that are not there name the sequence", () => {
    const lacking = { tiles: 2, pixels: new Float32Array(TILE) };
    expect(() => model.batch([{ ids: places(8), images: [lacking] }])).toThrow(/image 0 of sequence 0: 2 tiles/);
    expect(() => model.batch([{ ids: places(3), images: [image(1)] }])).toThrow(/3 image tokens .* give 4 features/);
  });
});
