import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { llavaOneVision, type LlavaOneVisionSequence } from "../../lib/model/llavaOneVision/llavaOneVision.js";
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

const { config, cases } = golden<{ images: [number, number, number][] }>("llavaOneVision.json");
const model = llavaOneVision(config);
const TILE = 3 * 30 * 30;

const sequences: LlavaOneVisionSequence[] = cases.map(({ ids, wanted, images }, n) => {
  const pixels = uniform(
    `pixels ${n}`,
    images.reduce((sum, [, , tiles]) => sum + tiles * TILE, 0),
  );
  let start = 0;
  const all = images.map(([height, width, tiles]) => {
    const own = pixels.slice(start, (start += tiles * TILE));
    return { size: [height, width] as const, tiles, pixels: own };
  });
  return { ids, wanted, images: all };
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

test("bad input names the field or the sequence", () => {
  expect(() => llavaOneVision({ ...config, model_type: "llava" })).toThrow(/model_type: .*got "llava"/);
  expect(() => llavaOneVision({ ...config, vision_aspect_ratio: "pad" })).toThrow(/vision_aspect_ratio: .*got "pad"/);
  expect(() => llavaOneVision({ ...config, vision_feature_layer: -9 })).toThrow(
    /vision_feature_layer: there are 2 layers/,
  );
  const image = { size: [58, 50] as const, tiles: 2, pixels: new Float32Array(2 * TILE) };
  expect(() => model.batch([{ ids: [1, 90], images: [image] }])).toThrow(
    /image 0 of sequence 0 has 2 tiles.*1 \+ 2 · 2/,
  );
  expect(() => model.batch([{ ids: [1, 90], images: [{ ...image, tiles: 5 }] }])).toThrow(/13500 numbers, but 5400/);
});

test("both ways of naming the tower and the head are known", () => {
  const older = "vision_tower.vision_model.embeddings.patch_embedding.bias";
  const names = [older, "vision_tower.embeddings.patch_embedding.bias", `model.${older}`, "model.image_newline"];
  const language = ["model.language_model.norm.weight", "language_model.model.norm.weight"];
  for (const name of [...names, ...language]) expect(Object.keys(model.shapes)).toContain(model.canonical(name));
});
