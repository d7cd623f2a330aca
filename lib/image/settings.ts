/** What the three processors read alike from a `preprocessor_config.json`. */
import { z } from "zod";
import type { CheckpointFiles } from "./types.js";
import type { Normalisation } from "./pixels.js";

export const count = z.int().positive();
const triple = z.tuple([z.number(), z.number(), z.number()]);
const positive = z.number().positive();
const always = z.literal(true, { error: "only true is supported" }).nullish();

/** Both ways to write a square: 448 and {height: 448, width: 448}. */
export const square = z
  .union([count, z.object({ height: count, width: count }), z.object({ shortest_edge: count })])
  .transform((size, context) => {
    if (typeof size === "number") return size;
    if ("shortest_edge" in size) return size.shortest_edge;
    if (size.height !== size.width) context.addIssue({ code: "custom", message: "only squares are supported" });
    return size.height;
  });

/** A side of a square that may be written as a pair. */
export const side = z.union([count, z.tuple([count, count]).transform(([height]) => height)]);

export const commonFields = {
  do_resize: always,
  do_rescale: always,
  do_normalize: always,
  do_convert_rgb: z.boolean().nullish(),
  resample: z.literal(3, { error: "only 3, bicubic, is supported" }).nullish(),
  rescale_factor: positive.default(1 / 255),
  image_mean: triple.optional(),
  image_std: z.tuple([positive, positive, positive]).optional(),
};

export interface CommonSettings {
  readonly rescale_factor: number;
  readonly image_mean?: readonly number[] | undefined;
  readonly image_std?: readonly number[] | undefined;
}

export function normalisation(
  settings: CommonSettings,
  defaults: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Normalisation {
  const { rescale_factor: scale, image_mean: mean = defaults.mean, image_std: std = defaults.std } = settings;
  return { scale, mean, std };
}

/** Newer checkpoints keep the image processor's settings within those of the whole processor. */
export function preprocessorOf({ preprocessor }: CheckpointFiles): unknown {
  const nested = (preprocessor as { readonly image_processor?: unknown } | undefined)?.image_processor;
  return nested ?? preprocessor ?? {};
}
