/**
 * Images of any resolution (LLaVA-OneVision, arXiv 2408.03326): the image in one tile, then its tiles at the best of several
 * resolutions, put together again, their padding cut off, and every row ended by the "newline" feature.
 */
import { bestResolution } from "../../image/anyres.js";
import type { TileLayout } from "../transformer/tiles.js";
import { patchesPerSide } from "../transformer/tiles.js";

export interface AnyresOptions {
  /** [height, width] in pixels */
  readonly resolutions: readonly (readonly [number, number])[];
  /** more patches than of about this many tiles are reduced to that */
  readonly maxTiles: number;
}

/** [height, width] */
export type Size = readonly [number, number];

/** A feature as a weighted sum of patches: rows of the patches of all tiles, −1 for the newline. */
export type Mixture = readonly { readonly row: number; readonly weight: number }[];

/** Tiles of an image alone in its sequence: the whole image and its parts, [rows, columns] of them. */
export function anyresGrid(size: Size, { resolutions }: AnyresOptions, { imageSize }: TileLayout): Size {
  const [height, width] = bestResolution(size, resolutions);
  return [Math.ceil(height / imageSize), Math.ceil(width / imageSize)];
}

/**
 * The features of an image's tokens.
 *
 * @param size   of the original image
 * @param tiles  1 for the whole image alone, as in sequences with several; else the whole and its parts
 * @returns one mixture of patches for every token, rows counted from the image's first patch
 */
export function packed(size: Size, tiles: number, options: AnyresOptions, layout: TileLayout): Mixture[] {
  const side = patchesPerSide(layout);
  const whole = Array.from({ length: side ** 2 }, (_, row) => [{ row, weight: 1 }]);
  if (tiles === 1) return [...whole, [NEWLINE]];
  const [rows, columns] = anyresGrid(size, options, layout);
  const row = (y: number, x: number) => {
    const tile = 1 + Math.floor(y / side) * columns + Math.floor(x / side);
    return (tile * side + (y % side)) * side + (x % side);
  };
  const { top, left, height, width } = unpadded(size, [rows * side, columns * side]);
  const ratio = Math.sqrt((height * width) / (options.maxTiles * side ** 2));
  const [outHeight, outWidth] = ratio > 1.1 ? [Math.floor(height / ratio), Math.floor(width / ratio)] : [height, width];
  const [ys, xs] = [interpolation(height, outHeight), interpolation(width, outWidth)];
  const parts = ys.flatMap((y) => [
    ...xs.map((x) =>
      y.flatMap((v) => x.map((h) => ({ row: row(top + v.at, left + h.at), weight: v.weight * h.weight }))),
    ),
    [NEWLINE],
  ]);
  return [...whole, ...parts];
}

const NEWLINE = { row: -1, weight: 1 };

/** The part of a padded grid of patches that shows the image. */
function unpadded([height, width]: Size, [rows, columns]: Size) {
  const whole = (x: number) => Math.floor(Number(x.toFixed(7)));
  if (width / height > columns / rows) {
    const top = Math.floor((rows - whole((height * columns) / width)) / 2);
    return { top, left: 0, height: rows - 2 * top, width: columns };
  }
  const left = Math.floor((columns - whole((width * rows) / height)) / 2);
  return { top: 0, left, height: rows, width: columns - 2 * left };
}

/** Bilinear interpolation along one side, pixels' centres aligned: for each of `to` places the sources and weights. */
function interpolation(from: number, to: number): { at: number; weight: number }[][] {
  return Array.from({ length: to }, (_, i) => {
    const source = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const at = Math.floor(source);
    const weight = source - at;
    if (weight === 0 || at === from - 1) return [{ at, weight: 1 }];
    return [
      { at, weight: 1 - weight },
      { at: at + 1, weight },
    ];
  });
}
