/**
 * The losses of steps and of solutions with their derivatives written out, as numbers in double precision: for batches so
 * small that an operation of the backend takes longer than the loop.
 */
import type { Aggregation } from "./aggregate.js";
import type { LossTarget } from "./objective.js";
import type { StepLoss } from "./step.js";

export interface Sloped {
  readonly value: number;
  /** derivative in every entry of the input */
  readonly slopes: readonly number[];
}

/** ℓ(z, t) of `stepLoss` with dℓ/dz: 2(σ − t)σ(1 − σ) or σ − t */
export function stepLossAt(kind: StepLoss, z: number, t: number): { value: number; slope: number } {
  const difference = sigma(z) - t;
  switch (kind) {
    case "squaredError":
      return { value: difference ** 2, slope: 2 * difference * sigma(z) * sigma(-z) };
    case "crossEntropy":
      return { value: softplus(z) - t * z, slope: difference };
  }
}

/** The logit of A of `aggregate` for the steps of one solution, with ∂/∂z_i */
export function aggregateAt(kind: Aggregation, z: readonly number[]): Sloped {
  const S = z.length;
  const evenly = (value: number, slope: number): Sloped => ({ value, slopes: z.map(() => slope) });
  switch (kind) {
    case "mean": {
      const [right, wrong] = [sum(z.map(sigma)), sum(z.map((x) => sigma(-x)))];
      return { value: Math.log(right) - Math.log(wrong), slopes: z.map((x) => sigma(x) * sigma(-x) * (1 / right + 1 / wrong)) }; // prettier-ignore
    }
    case "min":
      return extreme(z, Math.min(...z));
    case "max":
      return extreme(z, Math.max(...z));
    case "last":
      return { value: z[S - 1], slopes: z.map((_, i) => (i === S - 1 ? 1 : 0)) };
    case "product":
      return ofLog(z, 1);
    case "logMean":
      return ofLog(z, S);
    case "logOddsMean":
      return evenly(sum(z) / S, 1 / S);
    case "logOddsSum":
      return evenly(sum(z), 1);
  }
}

/** Logits of a batch's steps and what they are compared with, as in `SolutionBatch`. */
export interface SolutionNumbers {
  /** z of every row of the input */
  readonly logits: ArrayLike<number>;
  /** the input's row of every step, [B · S] */
  readonly index: ArrayLike<number>;
  readonly mask: ArrayLike<number>;
  readonly label: ArrayLike<number>;
  readonly stepLabel: ArrayLike<number> | undefined;
  readonly labelled: ArrayLike<number> | undefined;
}

/** `outcomeLoss` or `labelledStepsLoss` of a batch, with the derivatives in the input's logits. */
export function upperLossAt(
  target: LossTarget,
  aggregation: Aggregation,
  kind: StepLoss,
  { logits, index, mask, label, stepLabel, labelled }: SolutionNumbers,
): Sloped {
  const slopes = new Array<number>(logits.length).fill(0);
  let value = 0;
  if (target === "steps") {
    const all = Array.from({ length: mask.length }, (_, i) => i).filter((i) => labelled?.[i] === 1);
    for (const i of all) {
      const own = stepLossAt(kind, logits[index[i]], stepLabel?.[i] ?? NaN);
      value += own.value / all.length;
      slopes[index[i]] += own.slope / all.length;
    }
    return { value, slopes };
  }
  const [B, S] = [label.length, mask.length / label.length];
  for (let b = 0; b < B; b++) {
    const rows = Array.from({ length: S }, (_, s) => b * S + s)
      .filter((i) => mask[i] === 1)
      .map((i) => index[i]);
    const sign = target === "both" ? 2 * label[b] - 1 : 1;
    const score = aggregateAt(aggregation, rows.map((row) => sign * logits[row])); // prettier-ignore
    const own = stepLossAt(kind, score.value, target === "both" ? 1 : label[b]);
    value += own.value / B;
    rows.forEach((row, i) => (slopes[row] += (sign * own.slope * score.slopes[i]) / B));
  }
  return { value, slopes };
}

/** The logit of exp((1/n) Σ log σ(z)); a score that rounds to 1 has a finite one, as in `aggregate`. */
function ofLog(z: readonly number[], n: number): Sloped {
  const log = -sum(z.map((x) => softplus(-x))) / n;
  const rest = Math.max(-Math.expm1(log), 1e-37);
  return { value: log - Math.log(rest), slopes: z.map((x) => sigma(-x) / n / rest) };
}

/** Equal entries share the derivative. */
function extreme(z: readonly number[], value: number): Sloped {
  const count = z.filter((x) => x === value).length;
  return { value, slopes: z.map((x) => (x === value ? 1 / count : 0)) };
}

const sigma = (x: number): number => 1 / (1 + Math.exp(Math.min(-x, 700)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
