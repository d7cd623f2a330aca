import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { random } from "../core/random.js";
import type { Params } from "../core/tree.js";
import * as twice from "../core/twice.js";
import { activate, checkBounds, weightActivation } from "./activation.js";
import { normalisation, normalise } from "./normalisation.js";
import type { Seen, Weighting, WeightingBatch } from "./weighting.js";

/** What an Instance Net can be shown of a row: p its label, z its logit, i its number among S steps. */
export const instanceNetInputs = [
  "score", // 2σ(z) − 1
  "probabilities", // σ(z) and 1 − σ(z), the published inputs
  "label", // 2p − 1
  "loss", // ℓ
  "step", // ln(i)/3
  "labelledStep", // (2p − 1) ln(i)/3
  "place", // 2i/S − 1
  "labelledPlace", // (2p − 1)(2i/S − 1)
  "count", // ln(S)/3
  "domain", // a column per domain, from which the first layer learns an embedding
  "hidden", // the model's representation
] as const;
export type InstanceNetInput = (typeof instanceNetInputs)[number];

const options = z.strictObject({
  inputs: z.array(z.enum(instanceNetInputs)).min(1).optional(),
  hiddenDim: z.int().positive().optional(),
  hiddenActivation: z.enum(["tanh", "leakyRelu"]).optional(),
  activation: weightActivation.optional(),
  scale: z.number().positive().optional(),
  startEqual: z.boolean().optional(),
  normalise: normalisation.optional(),
  domains: z.int().positive().optional(),
  hiddenSize: z.int().positive().optional(),
  attached: z.boolean().optional(),
});

export type InstanceNetOptions = Readonly<z.infer<typeof options>>;

/**
 * Weights as a function of what a row looks like to the model: w_n = scale · A(net(inputs_n)) with
 * net(x) = W₂ · f(W₁x + b₁) + b₂.
 *
 * After DreamPRM-1.5's Instance Net, which is `publishedInstanceNet`; α: `l1/weight` [hiddenDim, I], `l1/bias`,
 * `l2/weight` [1, hiddenDim], `l2/bias`.
 * Differs: φ does not feel how the weights depend on its own answer unless `attached`; the net sees the label, without
 * which it cannot tell a wrong label from a right one, and where in its solution the step stands; all weights are 1 at
 * the start.
 *
 * @param inputs            defaults to label, score, loss, step, labelledStep, place, labelledPlace
 * @param hiddenDim         defaults to 16
 * @param hiddenActivation  f: tanh, or LeakyReLU of slope 0.01; defaults to tanh
 * @param activation        A; defaults to sigmoid
 * @param scale             defaults to 2, so that weights lie in (0, 2)
 * @param startEqual        W₂ and b₂ start at 0, else uniform in ±1/√fan-in as PyTorch's; defaults to true
 * @param normalise         defaults to "none"
 * @param domains           K, needed by "domain"
 * @param hiddenSize        H, needed by "hidden"
 * @param attached          as published; defaults to false
 */
export function instanceNet(given: InstanceNetOptions = {}): Weighting {
  const {
    inputs = ["label", "score", "loss", "step", "labelledStep", "place", "labelledPlace"],
    hiddenDim = 16,
    hiddenActivation = "tanh",
    activation = { activation: "sigmoid" },
    scale = 2,
    startEqual = true,
    normalise: kind = "none",
    domains,
    hiddenSize,
    attached = false,
  } = parseOptions(options, given, "instanceNet");
  if (activation.activation === "projected") throw new TypeError('instanceNet: a net\'s output cannot be "projected"');
  checkBounds(activation, "instanceNet");
  const width = inputs.reduce((sum, input) => sum + inputWidth(input, domains, hiddenSize), 0);
  const hidden = hiddenActivation === "tanh" ? twice.tanh : leakyRelu;
  return {
    kind: "instance-net",
    init: (seed) => initial(seed, width, hiddenDim, startEqual),
    apply: (alpha, batch, seen) =>
      tf.tidy(() => {
        if (seen === undefined) throw new Error("instanceNet needs the model's answer");
        const x_BI = tf.concat2d(
          inputs.map((input) => columns(input, batch, seen, domains ?? 0)),
          1,
        );
        const raw_B = layer(alpha, "l2", hidden(layer(alpha, "l1", x_BI)));
        const weight_B = tf.mul<tf.Tensor1D>(activate(activation, tf.squeeze(raw_B, [1])), scale);
        return normalise(kind, weight_B, batch.target_B);
      }),
    sees: inputs.includes("hidden") ? "representation" : "answer",
    attached,
  };
}

/** DreamPRM-1.5's Instance Net as published but for `attached`: two probabilities → 10 → 1, LeakyReLU, sigmoid. */
export function publishedInstanceNet(given: Omit<InstanceNetOptions, "inputs"> = {}): Weighting {
  const published = { hiddenDim: 10, hiddenActivation: "leakyRelu", scale: 1, startEqual: false } as const;
  return { ...instanceNet({ ...published, ...given, inputs: ["probabilities"] }), kind: "instance-net-published" };
}

/** Meta-Weight-Net (Shu et al., arXiv 1902.07379): the loss → 100 → 1, ReLU-like, sigmoid, mean one over the batch. */
export function metaWeightNet(given: Omit<InstanceNetOptions, "inputs"> = {}): Weighting {
  const published = { hiddenDim: 100, hiddenActivation: "leakyRelu", scale: 1, startEqual: false } as const;
  const net = instanceNet({ ...published, normalise: "batch", ...given, inputs: ["loss"] });
  return { ...net, kind: "meta-weight-net" };
}

function layer(alpha: Params, name: string, x: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.matMul(x, alpha[`${name}/weight`] as tf.Tensor2D, false, true), alpha[`${name}/bias`]);
}

function leakyRelu(x: tf.Tensor2D): tf.Tensor2D {
  return twice.leakyRelu(x, 0.01);
}

function inputWidth(input: InstanceNetInput, domains: number | undefined, hiddenSize: number | undefined): number {
  if (input === "probabilities") return 2;
  if (input === "domain") return needed(domains, "domains", input);
  return input === "hidden" ? needed(hiddenSize, "hiddenSize", input) : 1;
}

function needed(value: number | undefined, option: string, input: string): number {
  if (value === undefined) throw new TypeError(`instanceNet: the input "${input}" needs the option \`${option}\``);
  return value;
}

function columns(
  input: InstanceNetInput,
  { target_B, step_B, steps_B, domain_B }: WeightingBatch,
  { logit_B, loss_B, hidden_BH }: Seen,
  domains: number,
): tf.Tensor2D {
  const column = (x_B: tf.Tensor) => tf.reshape<tf.Rank.R2>(x_B, [-1, 1]);
  const sign_B = () => tf.sub(tf.mul(2, target_B), 1);
  const logStep_B = () => tf.div(tf.log(known(step_B, "number")), 3);
  const place_B = () => tf.sub(tf.mul(2, tf.div(known(step_B, "number"), known(steps_B, "number of steps"))), 1);
  switch (input) {
    case "score":
      return column(tf.sub(tf.mul(2, twice.sigmoid(logit_B)), 1));
    case "probabilities":
      return tf.concat2d([column(twice.sigmoid(logit_B)), column(twice.sigmoid(tf.neg(logit_B)))], 1);
    case "label":
      return column(sign_B());
    case "loss":
      return column(loss_B);
    case "step":
      return column(logStep_B());
    case "labelledStep":
      return column(tf.mul(sign_B(), logStep_B()));
    case "place":
      return column(place_B());
    case "labelledPlace":
      return column(tf.mul(sign_B(), place_B()));
    case "count":
      return column(tf.div(tf.log(known(steps_B, "number of steps")), 3));
    case "domain":
      return tf.gather(tf.eye(domains), domain_B);
    case "hidden":
      if (hidden_BH === undefined) throw new Error("this reward model shows no hidden representation");
      return hidden_BH;
  }
}

function known(x_B: tf.Tensor1D | undefined, what: string): tf.Tensor1D {
  if (x_B === undefined) throw new Error(`instanceNet: these batches do not tell a step's ${what}`);
  return x_B;
}

function initial(seed: number, inputs: number, hidden: number, startEqual: boolean): Params {
  const stream = random(seed).fork("instance net");
  const draw = (size: number, fanIn: number) =>
    Float32Array.from({ length: size }, () => (2 * stream.next() - 1) / Math.sqrt(fanIn));
  const last = (size: number) => (startEqual ? new Float32Array(size) : draw(size, hidden));
  return {
    "l1/weight": tf.tensor2d(draw(inputs * hidden, inputs), [hidden, inputs]),
    "l1/bias": tf.tensor1d(draw(hidden, inputs)),
    "l2/weight": tf.tensor2d(last(hidden), [1, hidden]),
    "l2/bias": tf.tensor1d(last(1)),
  };
}
