/** The two reward models of the papers over a vision-language model. */
import * as tf from "@tensorflow/tfjs-core";
import { product } from "../core/gradients.js";
import { random } from "../core/random.js";
import type { Params } from "../core/tree.js";
import type { RewardModel } from "../model/rewardModel.js";
import type { ParameterShapes } from "../model/transformer/parameters.js";
import type { Backbone } from "./backbone.js";
import type { PromptBatch } from "./promptBook.js";
import { promptModel } from "./promptModel.js";
import type { VisionModel } from "./visionModel.js";

export const HEAD_WEIGHT = "reward_head.weight";
export const HEAD_BIAS = "reward_head.bias";

interface SharedOptions {
  readonly model: VisionModel["model"];
  readonly backbone: Backbone;
  /** gradients of one micro-batch at a time; defaults to false */
  readonly microBatches?: boolean;
}

export interface LastTokenHeadOptions extends SharedOptions {
  /** what the head reads of the last token: its vocabulary logits, as in DreamPRM, or its hidden state. Defaults to "logits" */
  readonly reads?: "logits" | "hidden";
}

/**
 * logit = w·z + b, z the last token's vocabulary logits [V] or hidden state [H].
 *
 * DreamPRM (arXiv 2505.20241). φ: what the backbone trains, `reward_head.weight` [1, V or H], `reward_head.bias` [1];
 * uniform in ±1/√fan-in, as in PyTorch.
 */
export function lastTokenHead({
  model,
  backbone,
  reads = "logits",
  microBatches = false,
}: LastTokenHeadOptions): RewardModel<PromptBatch> {
  const inputs = reads === "logits" ? model.limits.vocabulary : model.hiddenSize;
  return promptModel({
    microBatches,
    init: (seed) => ({ ...backbone.init(seed), ...initialHead(inputs, seed) }),
    answer: (phi, part) => {
      const { wanted_PH, read_PF } = readFrom(phi, part);
      const logit_P1 = tf.add(product(read_PF, phi[HEAD_WEIGHT], false, true), phi[HEAD_BIAS]);
      return { logit_P: tf.squeeze<tf.Tensor1D>(logit_P1, [1]), hidden_PH: wanted_PH };
    },
  });

  function readFrom(phi: Params, part: PromptBatch["parts"][number]) {
    if (reads === "hidden") {
      const { wanted_PH } = model.represent(phi, part, backbone.frozen);
      return { wanted_PH, read_PF: wanted_PH };
    }
    const { wanted_PH, logit_PV } = model.forward(phi, part, backbone.frozen);
    return { wanted_PH, read_PF: logit_PV };
  }
}

/** Shapes of the head on so many inputs. */
export function headShapes(inputs: number): ParameterShapes {
  return { [HEAD_WEIGHT]: [1, inputs], [HEAD_BIAS]: [1] };
}

function initialHead(inputs: number, seed: number): Params {
  const stream = random(seed).fork("reward head");
  const bound = 1 / Math.sqrt(inputs);
  const draw = (size: number) => Float32Array.from({ length: size }, () => bound * (2 * stream.next() - 1));
  return { [HEAD_WEIGHT]: tf.tensor2d(draw(inputs), [1, inputs]), [HEAD_BIAS]: tf.tensor1d(draw(1)) };
}

export interface LabelTokenOptions extends SharedOptions {
  /** ids of "+" and "-" */
  readonly labels: readonly [plus: number, minus: number];
}

/**
 * logit = z₊ − z₋ of the vocabulary logits where a step's label is to come, so σ(logit) = P(+) / (P(+) + P(−)); all steps
 * of a solution in one forward pass. DreamPRM-1.5. φ: what the backbone trains.
 *
 * Its training rows are labelled "+" or "-"; against a soft target p, such as DreamPRM's, the cross entropy is
 * −p log P(+) − (1 − p) log P(−).
 */
export function labelToken({
  model,
  backbone,
  labels: [plus, minus],
  microBatches = false,
}: LabelTokenOptions): RewardModel<PromptBatch> {
  return promptModel({
    microBatches,
    init: backbone.init,
    answer: (phi, part) => {
      const { wanted_PH, logit_PV } = model.forward(phi, part, backbone.frozen);
      const column = (token: number): tf.Tensor2D => tf.slice(logit_PV, [0, token], [-1, 1]);
      return { logit_P: tf.squeeze(tf.sub(column(plus), column(minus)), [1]), hidden_PH: wanted_PH };
    },
  });
}
