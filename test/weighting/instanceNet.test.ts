import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import type { Params } from "../../lib/core/tree.js";
import { toPlain } from "../../lib/core/tree.js";
import {
  instanceNet,
  type InstanceNetInput,
  instanceNetInputs,
  type InstanceNetOptions,
  metaWeightNet,
  publishedInstanceNet,
} from "../../lib/weighting/instanceNet.js";
import { expectClose } from "../expectClose.js";
import { normalisations } from "../../lib/weighting/normalisation.js";
import { batchOf, expectGradient, known, normalised, seenOf } from "./batches.js";

beforeAll(() => useBackend());

const sigma = (z: number) => 1 / (1 + Math.exp(-z));
const { domain, target, step, steps, logit, loss, hidden } = known;
const sign = target.map((p) => 2 * p - 1);
const logStep = step.map((i) => Math.log(i) / 3);
const place = step.map((i, n) => (2 * i) / steps[n] - 1);

/** the columns of every input, as documented, row by row */
const columns: Record<InstanceNetInput, number[][]> = {
  score: logit.map((z) => [2 * sigma(z) - 1]),
  probabilities: logit.map((z) => [sigma(z), 1 - sigma(z)]),
  label: sign.map((y) => [y]),
  loss: loss.map((l) => [l]),
  step: logStep.map((x) => [x]),
  labelledStep: logStep.map((x, n) => [sign[n] * x]),
  place: place.map((x) => [x]),
  labelledPlace: place.map((x, n) => [sign[n] * x]),
  count: steps.map((s) => [Math.log(s) / 3]),
  domain: domain.map((k) => [0, 1, 2].map((j) => (j === k ? 1 : 0))),
  hidden,
};
const widths = { domains: 3, hiddenSize: 2 };

const leaky = (v: number) => (v > 0 ? v : 0.01 * v);

/** W₂ · f(W₁x + b₁) + b₂ in plain numbers */
function netByHand(alpha: Params, rows: number[][], f: (v: number) => number = Math.tanh): number[] {
  const plain = toPlain(alpha);
  const [w1, b1, w2, b2] = ["l1/weight", "l1/bias", "l2/weight", "l2/bias"].map((name) => plain[name].values);
  return rows.map((x) => {
    const y = Array.from(b1, (b, h) => x.reduce((sum, v, i) => sum + w1[h * x.length + i] * v, b));
    return y.reduce((sum, v, h) => sum + w2[h] * f(v), b2[0]);
  });
}
const doubled = (r: number) => 2 * sigma(r);

describe.each(instanceNetInputs)("input %s", (input) => {
  const net = instanceNet({ inputs: [input], hiddenDim: 4, startEqual: false, ...widths });
  const alpha = () => net.init(3);

  test("the net sees its columns and nothing else", () => {
    expect(alpha()["l1/weight"].shape).toEqual([4, columns[input][0].length]);
    expectClose(net.apply(alpha(), batchOf(), seenOf()), netByHand(alpha(), columns[input]).map(doubled));
    expect(net.sees).toBe(input === "hidden" ? "representation" : "answer");
  });

  test("gradient in α by central difference", () => expectGradient(net, alpha()));
});

test("inputs stand side by side in the order given; the default ones have seven columns", () => {
  const side = (...inputs: InstanceNetInput[]) => domain.map((_, n) => inputs.flatMap((input) => columns[input][n]));
  const startEqual = false;
  const net = instanceNet({ inputs: ["label", "domain", "score"], startEqual, ...widths });
  const expected = netByHand(net.init(1), side("label", "domain", "score")).map(doubled);
  expectClose(net.apply(net.init(1), batchOf(), seenOf()), expected);
  const usual = instanceNet({ startEqual });
  const seven = side("label", "score", "loss", "step", "labelledStep", "place", "labelledPlace");
  expect(seven[0]).toHaveLength(7);
  expectClose(usual.apply(usual.init(1), batchOf(), seenOf()), netByHand(usual.init(1), seven).map(doubled));
});

test.each<[InstanceNetOptions, (r: number) => number]>([
  [{ activation: { activation: "none" }, scale: 1 }, (r) => r],
  [{ activation: { activation: "relu" } }, (r) => 2 * Math.max(0, r)],
  [{ activation: { activation: "softplus" }, scale: 3 }, (r) => 3 * Math.log1p(Math.exp(r))],
  [{ activation: { activation: "clip", min: -0.1, max: 0.05 } }, (r) => 2 * Math.min(Math.max(r, -0.1), 0.05)],
  [{ hiddenActivation: "leakyRelu" }, doubled],
])("%o", (options, formula) => {
  const net = instanceNet({ inputs: ["loss", "label"], hiddenDim: 3, startEqual: false, ...options });
  const rows = loss.map((l, n) => [l, sign[n]]);
  const f = options.hiddenActivation ? leaky : Math.tanh;
  expectClose(net.apply(net.init(6), batchOf(), seenOf()), netByHand(net.init(6), rows, f).map(formula));
  expectGradient(net, net.init(6));
});

test.each(normalisations)("normalised by %s", (normalise) => {
  const net = instanceNet({ inputs: ["loss", "label"], startEqual: false, normalise });
  const rows = loss.map((l, n) => [l, sign[n]]);
  const expected = normalised(normalise, netByHand(net.init(5), rows).map(doubled));
  expectClose(net.apply(net.init(5), batchOf(), seenOf()), expected);
  expectGradient(net, net.init(5));
});

test("the published nets: two probabilities → 10 → 1, and Meta-Weight-Net's loss → 100 → 1 with batch mean one", () => {
  const [published, meta] = [publishedInstanceNet(), metaWeightNet()];
  expect([published.kind, meta.kind]).toEqual(["instance-net-published", "meta-weight-net"]);
  expect([published, meta].map((net) => net.init(1)["l1/weight"].shape)).toEqual([[10, 2], [100, 1]]); // prettier-ignore
  const byHand = (alpha: Params, rows: number[][]) => netByHand(alpha, rows, leaky).map(sigma);
  expectClose(
    published.apply(published.init(1), batchOf(), seenOf()),
    byHand(published.init(1), columns.probabilities),
  );
  const expected = normalised("batch", byHand(meta.init(1), columns.loss));
  expectClose(meta.apply(meta.init(1), batchOf(), seenOf()), expected);
  expectGradient(metaWeightNet({ hiddenDim: 5 }), metaWeightNet({ hiddenDim: 5 }).init(2));
  expect(publishedInstanceNet({ attached: true }).attached).toBe(true);
});

test("all weights start at 1, unless α is drawn in ±1/√fan-in; by seed", () => {
  expectClose(instanceNet().apply(instanceNet().init(3), batchOf(), seenOf()), [1, 1, 1, 1]);
  const drawn = instanceNet({ hiddenDim: 50, startEqual: false });
  const { "l1/weight": w1, "l2/weight": w2 } = toPlain(drawn.init(4));
  expect(Math.max(...w1.values.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(7));
  expect(Math.max(...w1.values.map(Math.abs))).toBeGreaterThan(0.9 / Math.sqrt(7));
  expect(Math.max(...w2.values.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(50));
  expect(toPlain(drawn.init(4))).toEqual(toPlain(drawn.init(4)));
  expect(toPlain(drawn.init(4))).not.toEqual(toPlain(drawn.init(5)));
});

test.each([
  [{ inputs: [] }, /inputs/],
  [{ inputs: ["length"] }, /inputs\.0: [^]*got "length"/],
  [{ inputs: ["domain"] }, /"domain" needs the option `domains`/],
  [{ inputs: ["hidden"] }, /"hidden" needs the option `hiddenSize`/],
  [{ activation: { activation: "projected", min: 0, max: 1 } }, /cannot be "projected"/],
  [{ activation: { activation: "clip", min: 1, max: 0 } }, /instanceNet: min 1 must be below max 0/],
  [{ width: 3 }, /width/],
])("%o is refused", (options, message) => {
  expect(() => instanceNet(options as InstanceNetOptions)).toThrow(message);
});

test("what a batch or a model does not tell is named", () => {
  const { domain_B, row_B, target_B } = batchOf();
  const { logit_B, loss_B } = seenOf();
  const bare = (input: InstanceNetInput) => () => {
    const net = instanceNet({ inputs: [input], ...widths });
    return net.apply(net.init(1), { domain_B, row_B, target_B }, { logit_B, loss_B });
  };
  for (const input of ["step", "labelledStep", "place", "labelledPlace"] as const) {
    expect(bare(input)).toThrow(/do not tell a step's number/);
  }
  expect(bare("count")).toThrow(/number of steps/);
  expect(bare("hidden")).toThrow(/no hidden representation/);
  expect(() => instanceNet().apply(instanceNet().init(1), batchOf())).toThrow(/needs the model's answer/);
});
