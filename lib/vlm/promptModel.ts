import * as tf from "@tensorflow/tfjs-core";
import { addTree, mapTree, type Params, tidyTree, valueAndGrads } from "../core/tree.js";
import type { PullBack, RewardModel } from "../model/rewardModel.js";
import type { TokenBatch } from "../model/transformer/tokenBatch.js";
import type { PromptBatch } from "./promptBook.js";

export interface PartAnswer {
  /** [P] */
  readonly logit_P: tf.Tensor1D;
  /** [P, H] */
  readonly hidden_PH: tf.Tensor2D;
}

export interface PromptModelOptions {
  readonly init: (seed: number) => Params;
  /** one forward pass */
  readonly answer: (phi: Params, part: TokenBatch) => PartAnswer;
  /** gradients go micro-batch by micro-batch, so that one is in memory at a time, for one forward pass more */
  readonly microBatches?: boolean;
}

/** A reward model that reads the micro-batches of prompts one after another. */
export function promptModel({ init, answer, microBatches = false }: PromptModelOptions): RewardModel<PromptBatch> {
  const represent = (phi: Params, { parts, order_B }: PromptBatch) => {
    const answers = parts.map((part) => answer(phi, part));
    return {
      logit_B: tf.gather(tf.concat(answers.map(({ logit_P }) => logit_P)), order_B),
      hidden_BH: tf.gather(
        tf.concat(
          answers.map(({ hidden_PH }) => hidden_PH),
          0,
        ),
        order_B,
      ),
    };
  };
  const apply = (phi: Params, { parts, order_B }: PromptBatch) =>
    tf.tidy(() => tf.gather(tf.concat(parts.map((part) => tf.tidy(() => answer(phi, part).logit_P))), order_B));
  return {
    init,
    apply,
    represent: (phi, batch) => tf.tidy(() => represent(phi, batch)),
    ...(microBatches && {
      pullBack: (phi, batch) => {
        const [part, ...others] = batch.parts;
        if (others.length === 0 && part.wanted_P.size === 1) return pulledAnswer(answer, phi, part);
        const gradient = (cotangent_B: tf.Tensor1D) => pulledBack(answer, phi, batch, cotangent_B);
        return { ...tf.tidy(() => represent(phi, batch)), gradient };
      },
    }),
  };
}

/** A single answer's gradient is a multiple of ∇_φ logit, which comes with the first pass. */
function pulledAnswer(answer: PromptModelOptions["answer"], phi: Params, part: TokenBatch): PullBack {
  let hidden: Float32Array | undefined;
  const { value, grads } = valueAndGrads((p) => {
    const { logit_P, hidden_PH } = answer(p, part);
    hidden = hidden_PH.dataSync<"float32">();
    return tf.sum(logit_P);
  }, phi);
  return {
    logit_B: tf.reshape(value, [1]),
    hidden_BH: tf.tensor2d(hidden ?? [], [1, hidden?.length ?? 0]),
    gradient: (cotangent_B) => tidyTree(() => mapTree((grad) => tf.mul(grad, tf.squeeze(cotangent_B)), grads)),
  };
}

/** ∇_φ Σ_b c_b logit_b, part by part. */
function pulledBack(
  answer: PromptModelOptions["answer"],
  phi: Params,
  { parts, order_B }: PromptBatch,
  cotangent_B: tf.Tensor1D,
): Params {
  return tidyTree(() => {
    const place = inverse(order_B.dataSync());
    const cotangent_A = tf.gather(cotangent_B, tf.tensor1d(place, "int32"));
    let start = 0;
    let sum: Params | undefined;
    for (const part of parts) {
      const answers = part.wanted_P.size;
      const own_P = tf.slice(cotangent_A, start, answers);
      start += answers;
      const { value, grads } = valueAndGrads((p) => tf.sum(tf.mul(answer(p, part).logit_P, own_P)), phi);
      value.dispose();
      const before: Params | undefined = sum;
      sum = before ? tidyTree(() => addTree(before, grads)) : grads;
      if (before) tf.dispose([before, grads]);
    }
    return sum ?? {};
  });
}

function inverse(order: ArrayLike<number>): Int32Array {
  const place = new Int32Array(order.length);
  for (let b = 0; b < order.length; b++) place[order[b]] = b;
  return place;
}
