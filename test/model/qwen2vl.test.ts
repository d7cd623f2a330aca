import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { mropePositions } from "../../lib/model/qwen2vl/positions.js";
import { qwen2Vl, type Qwen2VlSequence } from "../../lib/model/qwen2vl/qwen2vl.js";
import { expectClose } from "../expectClose.js";
import {
  expectCase,
  expectSameWhenSeen,
  golden,
  goldenParameters,
  logitsOf,
  onEveryBackend,
  uniform,
} from "./golden.js";

const { config, cases } = golden<{ grids: [number, number, number][] }>("qwen2vl.json");
const model = qwen2Vl(config);
const C = 3 * 2 * 4 * 4;

const sequences: Qwen2VlSequence[] = cases.map(({ ids, wanted, grids }, n) => {
  const sizes = grids.map((grid) => grid.reduce((a, b) => a * b, C));
  const pixels = uniform(
    `pixels ${n}`,
    sizes.reduce((a, b) => a + b, 0),
  );
  let start = 0;
  return { ids, wanted, images: grids.map((grid, i) => ({ grid, patches: pixels.slice(start, (start += sizes[i])) })) };
});

onEveryBackend(() => {
  test.each(cases.map((c, n) => [n, c] as const))("case %i agrees with Hugging Face", (n, c) => {
    const phi = goldenParameters(model.shapes);
    expectCase(model, phi, sequences[n], c);
    tf.dispose(phi);
  });

  test("images seen beforehand give the same numbers", () => {
    const phi = goldenParameters(model.shapes);
    expectSameWhenSeen(
      model,
      phi,
      sequences,
      cases.flatMap((c) => c.targets),
    );
    tf.dispose(phi);
  });

  test.each(["left", "right"] as const)("padding on the %s changes nothing", (padding) => {
    const phi = goldenParameters(model.shapes);
    const alone = sequences.flatMap((sequence) => logitsOf(model, phi, [sequence]));
    expectClose(logitsOf(model, phi, sequences, padding), alone, { relative: 1e-5 });
    tf.dispose(phi);
  });
});

describe("positions", () => {
  test("count on from the largest position of an image", () => {
    const I = 9;
    // 2 × 3 merged patches, then text, then 1 × 1
    const ids = [1, I, I, I, I, I, I, 2, I, 3];
    const [time, row, column] = mropePositions(
      ids,
      [
        [1, 4, 6],
        [1, 2, 2],
      ],
      I,
      2,
    );
    expect(time).toEqual([0, 1, 1, 1, 1, 1, 1, 4, 5, 6]);
    expect(row).toEqual([0, 1, 1, 1, 2, 2, 2, 4, 5, 6]);
    expect(column).toEqual([0, 1, 2, 3, 1, 2, 3, 4, 5, 6]);
  });

  test("are refused when a run of image tokens has not the length of its grid", () => {
    expect(() => mropePositions([1, 9, 9, 2, 9], [[1, 4, 6]], 9, 2)).toThrow(
      /needs 6 image tokens in a row at position 1, found 2/,
    );
  });
});

describe("bad input", () => {
  const image = { grid: [1, 2, 2] as const, patches: new Float32Array(4 * C) };

  test("a config of another architecture", () => {
    expect(() => qwen2Vl({ ...config, model_type: "llama" })).toThrow(/model_type: .*"qwen2_vl".*got "llama"/);
    expect(() => qwen2Vl({ ...config, vision_config: {} })).toThrow(/vision_config\.depth: .*got undefined/);
    expect(() => qwen2Vl(undefined)).toThrow(TypeError);
  });

  test("names the sequence", () => {
    const batch =
      (...sequences: Qwen2VlSequence[]) =>
      () =>
        model.batch(sequences);
    expect(batch({ ids: [1] }, { ids: [1, 96] })).toThrow(/sequence 1 holds the token id 96 at position 1/);
    expect(batch({ ids: [1] }, { ids: [] })).toThrow(/sequence 1 has 0 tokens/);
    expect(batch({ ids: Array.from({ length: 257 }, () => 1) })).toThrow(/257 tokens; the model takes 1 to 256/);
    expect(batch({ ids: [1, 2], wanted: [2] })).toThrow(/sequence 0 of 2 tokens has no position 2/);
    expect(batch({ ids: [1, 90, 90], images: [image] })).toThrow(
      /2 image tokens \(id 90\), but its images give 1 features/,
    );
    expect(batch({ ids: [1, 90] })).toThrow(/1 image tokens .* give 0 features/);
    expect(batch({ ids: [1, 91] })).toThrow(/video token at position 1/);
    expect(batch({ ids: [90], images: [{ ...image, grid: [1, 3, 2] }] })).toThrow(
      /image 0 of sequence 0 .* multiples of 2/,
    );
    expect(batch({ ids: [90], images: [{ ...image, patches: new Float32Array(7) }] })).toThrow(/384 numbers, but 7/);
  });
});

test("newer releases' names are known", () => {
  const newer = ["model.visual.patch_embed.proj.weight", "model.language_model.norm.weight", "lm_head.weight"];
  for (const name of newer) expect(Object.keys(model.shapes)).toContain(model.canonical(name));
});
