import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import * as twice from "../core/twice.js";

const bounds = { min: z.number(), max: z.number() };

/** From a raw weight to a weight. */
export const weightActivation = z.discriminatedUnion("activation", [
  z.strictObject({ activation: z.literal("none") }),
  z.strictObject({ activation: z.literal("relu") }),
  /** slope left of 0; defaults to 0.01, PyTorch's */
  z.strictObject({ activation: z.literal("leakyRelu"), slope: z.number().positive().optional() }),
  z.strictObject({ activation: z.literal("sigmoid") }),
  z.strictObject({ activation: z.literal("softplus") }),
  /** min(max(r, min), max) in the forward pass alone, as published: outside the bounds the gradient is 0 for ever */
  z.strictObject({ activation: z.literal("clip"), ...bounds }),
  /** the raw weight itself, brought back to [min, max] after every update, as the paper says */
  z.strictObject({ activation: z.literal("projected"), ...bounds }),
]);

export type WeightActivation = Readonly<z.infer<typeof weightActivation>>;

/** A(r), elementwise and differentiable. */
export function activate(options: WeightActivation, raw_B: tf.Tensor1D): tf.Tensor1D {
  switch (options.activation) {
    case "none":
    case "projected":
      return tf.clone(raw_B);
    case "relu":
      return tf.relu(raw_B);
    case "leakyRelu":
      return twice.leakyRelu(raw_B, options.slope ?? 0.01);
    case "sigmoid":
      return twice.sigmoid(raw_B);
    case "softplus":
      return twice.softplus(raw_B);
    case "clip":
      return twice.clip(raw_B, options.min, options.max);
  }
}

/** @throws RangeError when the bounds are the wrong way round */
export function checkBounds(options: WeightActivation, what: string): void {
  if ("min" in options && !(options.min < options.max)) {
    throw new RangeError(`${what}: min ${options.min} must be below max ${options.max}`);
  }
}
