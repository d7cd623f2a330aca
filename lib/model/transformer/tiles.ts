/** Square images of one size, as towers of vision transformers take them. */
import * as tf from "@tensorflow/tfjs-core";

/** An image as the processor cuts it up: one or more square tiles. */
export interface TiledImage {
  /** tiles, each [channels, size, size], one after another */
  readonly pixels: Float32Array;
  readonly tiles: number;
}

export interface TileLayout {
  readonly channels: number;
  /** pixels per side of a tile */
  readonly imageSize: number;
  /** pixels per side of a patch */
  readonly patchSize: number;
}

/** Patches per side of a tile; what is left of it at the right and the bottom is not seen. */
export function patchesPerSide({ imageSize, patchSize }: TileLayout): number {
  return Math.floor(imageSize / patchSize);
}

/**
 * The patches of tiles, row by row, with their entries in the order of a convolution's kernel [channels, size, size], so
 * that the patch embedding is a linear map. The caller disposes them.
 *
 * @returns [tiles · patches, C]
 */
export function patchesOf(images: readonly TiledImage[], layout: TileLayout): tf.Tensor2D {
  const { channels, imageSize, patchSize } = layout;
  const side = patchesPerSide(layout);
  const entries = channels * patchSize ** 2;
  const tiles = images.reduce((sum, image) => sum + image.tiles, 0);
  const out = new Float32Array(tiles * side ** 2 * entries);
  let to = 0;
  for (const { pixels, tiles } of images) {
    for (let tile = 0; tile < tiles; tile++) {
      for (let patch = 0; patch < side ** 2; patch++) {
        const [top, left] = [Math.floor(patch / side) * patchSize, (patch % side) * patchSize];
        for (let channel = 0; channel < channels; channel++) {
          for (let row = top; row < top + patchSize; row++) {
            const from = ((tile * channels + channel) * imageSize + row) * imageSize + left;
            out.set(pixels.subarray(from, from + patchSize), to);
            to += patchSize;
          }
        }
      }
    }
  }
  return tf.tensor2d(out, [tiles * side ** 2, entries]);
}

/** @throws RangeError naming the image when its pixels are not those of its tiles */
export function checkTiles({ pixels, tiles }: TiledImage, which: string, { channels, imageSize }: TileLayout): void {
  const expected = tiles * channels * imageSize ** 2;
  if (Number.isInteger(tiles) && tiles > 0 && pixels.length === expected) return;
  const size = `[${channels}, ${imageSize}, ${imageSize}]`;
  throw new RangeError(`${which}: ${tiles} tiles of ${size} are ${expected} numbers, but ${pixels.length} were given`);
}
