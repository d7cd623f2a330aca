/** What lies below a vision-language model's language model: the vision tower with its merger or projector. */
import * as tf from "@tensorflow/tfjs-core";
import { asTrained } from "./blocks.js";
import type { ImageSlots } from "./embedding.js";
import type { Params } from "../../core/tree.js";
import type { Weights } from "./parameters.js";

/** An image with its features in the place of its pixels: the tower is not asked again. */
export type Seen<Image> = Omit<Image, "patches" | "pixels"> & {
  /** of its tokens, [tokens, H] row by row */
  readonly features: Float32Array;
};

/** Images of a batch: what the tower takes of them, or their features, [M, H]. */
export type BatchImages<Input> = { readonly slots: ImageSlots } & (Input | { readonly feature_MH: tf.Tensor2D });

/** Features for the places of a batch's image tokens. */
export interface ImageFeatures {
  readonly feature_MH: tf.Tensor2D;
  readonly slots: ImageSlots;
  /** φ has influence on them */
  readonly trained: boolean;
}

interface TowerParts<Image, Input> {
  /** whether a parameter, or an adapter of one, is the tower's */
  readonly owns: (name: string) => boolean;
  /** tensors that are disposed with the batch */
  readonly input: (images: readonly Image[]) => Input;
  /** [M, H] */
  readonly features: (weights: Weights, input: Input) => tf.Tensor2D;
}

export interface VisionTower<Image, Input = never> {
  readonly owns: TowerParts<Image, Input>["owns"];
  /** The image's features, which as long as the tower's weights stay are always the same. */
  readonly see: (image: Image, weights: Params) => Seen<Image>;
  /** @throws TypeError when some images are seen and some are not */
  readonly batch: (images: readonly (Image | Seen<Image>)[], slots: ImageSlots) => BatchImages<Input>;
  /** @throws Error naming the parameter when φ trains the tower and the batch holds features */
  readonly features: (weights: Weights, images: BatchImages<Input> | undefined) => ImageFeatures | undefined;
}

export function visionTower<Image extends object, Input extends object>({
  owns,
  input,
  features,
}: TowerParts<Image, Input>): VisionTower<Image, Input> {
  return {
    owns,
    see: (image, frozen) => {
      const feature_MH = tf.tidy(() => {
        const own = input([image]);
        return asTrained(false, () => features({ phi: {}, frozen }, own));
      });
      const values = feature_MH.dataSync<"float32">();
      feature_MH.dispose();
      const rest = Object.entries(image).filter(([name]) => name !== "patches" && name !== "pixels");
      return { ...(Object.fromEntries(rest) as Omit<Image, "patches" | "pixels">), features: values };
    },
    batch: (images, slots) => {
      const seen = images.filter(isSeen);
      if (seen.length === 0) return { ...input(images as readonly Image[]), slots };
      if (seen.length < images.length) {
        throw new TypeError(`${seen.length} of ${images.length} images hold features: a batch takes all or none so`);
      }
      const M = slots.row_M.size;
      const all = new Float32Array(seen.reduce((sum, image) => sum + image.features.length, 0));
      seen.reduce((at, image) => (all.set(image.features, at), at + image.features.length), 0);
      return { feature_MH: tf.tensor2d(all, [M, all.length / M]), slots };
    },
    features: (weights, images) => {
      if (images === undefined) return undefined;
      const { slots } = images;
      const moved = Object.keys(weights.phi).find(owns);
      const trained = moved !== undefined;
      if (!("feature_MH" in images)) {
        return { feature_MH: asTrained(trained, () => features(weights, images)), slots, trained };
      }
      if (!trained) return { feature_MH: images.feature_MH, slots, trained };
      throw new Error(`φ trains ${moved}, but the batch holds its images' features: make it of the images themselves`);
    },
  };
}

export function isSeen<Image extends object>(image: Image | Seen<Image>): image is Seen<Image> {
  return "features" in image;
}

/** @throws RangeError naming the image when its features are not of so many tokens */
export function checkFeatures({ features }: Seen<object>, which: string, tokens: number, H: number): void {
  if (features.length === tokens * H) return;
  const expected = `${tokens} tokens of ${H} features are ${tokens * H} numbers`;
  throw new RangeError(`${which}: ${expected}, but ${features.length} were given; are they another model's?`);
}
