/** [height, width], as the checkpoints' `image_grid_pinpoints` are written */
export type Resolution = readonly [number, number];

/**
 * The resolution that keeps most of the image's pixels and, among equals, wastes fewest of its own.
 *
 * As Hugging Face's `select_best_resolution`.
 */
export function bestResolution([height, width]: Resolution, resolutions: readonly Resolution[]): Resolution {
  let best = { resolution: resolutions[0], kept: -1, wasted: Infinity };
  for (const resolution of resolutions) {
    const [h, w] = resolution;
    const scale = Math.min(w / width, h / height);
    const kept = Math.min(Math.trunc(width * scale) * Math.trunc(height * scale), width * height);
    const wasted = w * h - kept;
    if (kept > best.kept || (kept === best.kept && wasted < best.wasted)) best = { resolution, kept, wasted };
  }
  return best.resolution;
}

export interface AnyresLayout {
  /** of a crop, pixels */
  readonly length: number;
  /** of a crop, patches */
  readonly side: number;
  readonly resolutions: readonly Resolution[];
  readonly maxCrops: number;
}

/**
 * Tokens of the whole image, of the crops without the padding and, after each of their rows, a line break; beyond
 * `maxCrops` crops the features are shrunk.
 */
export function anyresTokens([height, width]: Resolution, layout: AnyresLayout): number {
  const { length, side, resolutions, maxCrops } = layout;
  const best = bestResolution([height, width], resolutions);
  let [rows, columns] = best.map((pixels) => side * Math.floor(pixels / length));
  // rounded to 7 decimals first, so that noise of the division cannot cost a row
  const whole = (x: number) => Math.trunc(Number(x.toFixed(7)));
  if (width / height > columns / rows) rows -= 2 * Math.floor((rows - whole(height * (columns / width))) / 2);
  else columns -= 2 * Math.floor((columns - whole(width * (rows / height))) / 2);
  const ratio = Math.sqrt((rows * columns) / (maxCrops * side ** 2));
  if (ratio > 1.1) [rows, columns] = [Math.floor(rows / ratio), Math.floor(columns / ratio)];
  return side ** 2 + rows * columns + rows;
}
