import * as tf from "@tensorflow/tfjs-core";
import { globalNorm } from "../core/norm.js";
import { type Params, valueAndGrads } from "../core/tree.js";
import { logSoftmax, sigmoid } from "../core/twice.js";
import type { InternVlBatch, InternVlSequence } from "../model/internvl/internvl.js";
import { qwen2VlConfig } from "../model/qwen2vl/config.js";
import { mropePositions } from "../model/qwen2vl/positions.js";
import type { Qwen2VlBatch, Qwen2VlSequence } from "../model/qwen2vl/qwen2vl.js";
import type { LanguageModel } from "../model/transformer/languageModel.js";
import type { TokenBatch, TokenSequence } from "../model/transformer/tokenBatch.js";
import type { Compared, Deviations } from "./replay.js";
import type { LabelCases, LabelTokens, ScoreCases } from "./replayModelFiles.js";
import { relative } from "./replayParts.js";

/** Cases of the first layout: the score of the last token. */
export function compareScores(
  model: LanguageModel<Qwen2VlSequence, Qwen2VlBatch>,
  phi: Params,
  config: unknown,
  { head, cases }: ScoreCases,
): Compared {
  const { imageToken, vision } = qwen2VlConfig(config);
  return perCase(cases, (c) => {
    const grids = c.imageGridThw ?? [];
    const patches = (c.pixelValues ?? []).values();
    const images = grids.map((grid) => {
      const own = Array.from({ length: grid.reduce((a, b) => a * b, 1) }, () => patches.next().value ?? []);
      return { grid, patches: Float32Array.from(own.flat()) };
    });
    let score = NaN;
    const wanted = [0, c.inputIds.length - 1];
    const ours = evaluated(model, phi, { ids: c.inputIds, wanted, images }, (logit_PV) => {
      const last_1V = tf.slice(logit_PV, [1, 0], [1, -1]);
      const logit_11 = tf.add(tf.matMul(last_1V, tf.tensor2d(head.weight), false, true), tf.tensor1d(head.bias));
      const score_11 = sigmoid(logit_11);
      score = score_11.dataSync()[0];
      return tf.sum(tf.square(tf.sub(score_11, c.label)));
    });
    const positions = mropePositions(c.inputIds, grids, imageToken, vision.merge);
    return {
      absolute: {
        ...(c.positionIds && { positions: difference(positions.flat(), c.positionIds.flat()) }),
        ...(c.firstTokenLogits && { "first token's logits": difference(ours.logits[0], c.firstTokenLogits) }),
        "last token's logits": difference(ours.logits[1], c.lastTokenLogits),
      },
      deviations: {
        score: relative([score], [c.score]),
        loss: relative([ours.loss], [c.loss]),
        ...gradientDeviations(ours, c),
      },
    };
  });
}

/** Cases of the second layout: "+" or "−" after every step. */
export function compareLabels(
  model: LanguageModel<InternVlSequence, InternVlBatch>,
  phi: Params,
  { positive_token_id: plus, negative_token_id: minus }: LabelTokens,
  { cases }: LabelCases,
): Compared {
  return perCase(cases, (c) => {
    const images = c.pixelShape ? [{ tiles: c.pixelShape[0], pixels: Float32Array.from(c.pixelValues ?? []) }] : [];
    const sequence = { ids: c.inputIds, wanted: c.placeholderPositions, images };
    const ours = evaluated(model, phi, sequence, (logit_PV) => {
      const chosen_PV = tf.cast(tf.oneHot(tf.tensor1d(c.targets, "int32"), model.limits.vocabulary), "float32");
      return tf.neg(tf.div(tf.sum(tf.mul(logSoftmax(logit_PV), chosen_PV)), c.targets.length));
    });
    const probability = (token: number) =>
      ours.logits.map((row) => 1 / row.reduce((sum, logit) => sum + Math.exp(logit - row[token]), 0));
    return {
      absolute: { logits: difference(ours.logits.flat(), c.logitsAtPlaceholders.flat()) },
      deviations: {
        "P(+)": relative(probability(plus), c.pPlus),
        "P(−)": relative(probability(minus), c.pMinus),
        "cross entropy": relative([ours.loss], [c.crossEntropy]),
        ...gradientDeviations(ours, c),
      },
    };
  });
}

function perCase<Case>(cases: readonly Case[], compare: (c: Case) => Compared): Compared {
  const all = cases.map(compare);
  const merged = (kind: keyof Compared) =>
    Object.assign({}, ...all.map((one, n) => prefixed(`case ${n}: `, one[kind]))) as Deviations;
  return { deviations: merged("deviations"), absolute: merged("absolute") };
}

interface Evaluated {
  readonly logits: number[][];
  readonly loss: number;
  readonly norms: Readonly<Record<string, number>>;
  /** of the gradient in the first layer's query map */
  readonly firstRow: ArrayLike<number>;
}

/** Wanted logits, loss and its gradients, as numbers. */
function evaluated<Sequence extends TokenSequence, Batch extends TokenBatch>(
  model: LanguageModel<Sequence, Batch>,
  phi: Params,
  sequence: Sequence,
  lossOf: (logit_PV: tf.Tensor2D) => tf.Tensor,
): Evaluated {
  const batch = model.batch([sequence]);
  const values = tf.tidy(() => {
    const logits = model.forward(phi, batch).logit_PV.arraySync();
    const { value, grads } = valueAndGrads((p) => lossOf(model.forward(p, batch).logit_PV) as tf.Scalar, phi);
    const norms = Object.entries(grads).map(([name, grad]) => [name, globalNorm({ [name]: grad })]);
    const query = Object.keys(grads).find((name) => name.endsWith("model.layers.0.self_attn.q_proj.weight")) ?? "";
    return {
      logits,
      loss: value.dataSync()[0],
      norms: Object.fromEntries(norms) as Record<string, number>,
      firstRow: grads[query].dataSync().slice(0, model.hiddenSize),
    };
  });
  tf.dispose(batch as unknown as tf.TensorContainer);
  return values;
}

/** The worst of the gradient norms, by name, and the gradient row. */
function gradientDeviations(
  { norms, firstRow }: Evaluated,
  expected: { gradNorms: Readonly<Record<string, number>>; gradQProjLayer0FirstRow: number[] },
): Record<string, number> {
  // a norm that is rounding, as that of a bias which cancels in a softmax, is compared with the largest
  const floor = 1e-6 * Math.max(...Object.values(expected.gradNorms));
  const each = Object.entries(expected.gradNorms).map(
    ([name, norm]) => [name, Math.abs((norms[name] ?? NaN) - norm) / Math.max(norm, floor)] as const,
  );
  const [name, worst] = each.reduce((a, b) => (b[1] <= a[1] ? a : b));
  return {
    [`norms of ${each.length} gradients, worst ${name}`]: worst,
    "gradient of the first query map, first row": relative(firstRow, expected.gradQProjLayer0FirstRow),
  };
}

/** max |a − b|, NaN when `theirs` is longer */
function difference(ours: ArrayLike<number>, theirs: readonly number[]): number {
  return theirs.reduce((worst, value, i) => Math.max(worst, Math.abs(ours[i] - value)), 0);
}

function prefixed(prefix: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([what, value]) => [prefix + what, value]));
}
