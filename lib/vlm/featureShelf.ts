import type { Params } from "../core/tree.js";
import type { ModelImage } from "../image/types.js";
import type { PromptBook } from "./promptBook.js";
import type { VisionModel } from "./visionModel.js";

/** 1 GiB */
const MAX_BYTES = 2 ** 30;

/** What a frozen vision tower makes of images, computed once for each. */
export interface FeatureShelf {
  /** the image with features in the place of its pixels */
  see(key: string, image: () => ModelImage): ModelImage;
  /** that are kept */
  readonly bytes: number;
  clear(): void;
}

export interface FeatureShelfOptions {
  readonly tower: NonNullable<VisionModel["model"]["tower"]>;
  /** of the model; those of the tower must stay as they are */
  readonly weights: Params;
  /** beyond it, the features unused for longest go; defaults to 2³⁰ (1 GiB) */
  readonly maxBytes?: number;
}

/**
 * A shelf of image features, which depend on frozen weights and the picture alone: with them in a batch, no pass over it
 * runs the tower. They are constants to every gradient, so a φ that trains the tower, or adapters in it, is refused.
 *
 * They are plain arrays, no tensors: nothing but the batch that they are copied into has to be disposed.
 *
 * @throws RangeError for a limit below 0
 * @example
 * const { tower } = vision.model;
 * const book = promptBook(vision, lastTokenLayout(vision), tower && { features: featureShelf({ tower, weights }) });
 */
export function featureShelf({ tower, weights, maxBytes = MAX_BYTES }: FeatureShelfOptions): FeatureShelf {
  if (!(maxBytes >= 0)) throw new RangeError(`maxBytes of image features must be 0 or more, got ${maxBytes}`);
  type SeenImage = ReturnType<typeof tower.see>;
  // in the order of their last use
  const kept = new Map<string, SeenImage>();
  let bytes = 0;
  const forget = (key: string, { features }: SeenImage) => {
    if (kept.delete(key)) bytes -= features.byteLength;
  };
  return {
    get bytes() {
      return bytes;
    },
    see: (key, image) => {
      const seen = kept.get(key) ?? tower.see(image(), weights);
      forget(key, seen);
      kept.set(key, seen);
      bytes += seen.features.byteLength;
      for (const [oldest, its] of kept) {
        if (bytes <= maxBytes) break;
        forget(oldest, its);
      }
      return seen;
    },
    clear: () => {
      kept.clear();
      bytes = 0;
    },
  };
}

/** What a shelf will keep of a book's prepared images. */
export function featureBytes(
  { hiddenSize }: Pick<VisionModel["model"], "hiddenSize">,
  { imageTokens }: Pick<PromptBook, "imageTokens">,
  maxBytes = MAX_BYTES,
): number {
  return Math.min(maxBytes, 4 * hiddenSize * imageTokens);
}
