/** Bilevel problems in plain double-precision numbers: what the library is compared with. */
import type { LevelOptions } from "../../lib/bilevel/level.js";
import { scheduleFactor } from "../../lib/optim/schedule.js";

export interface PlainProblem {
  /** ∇_φ L_lower on the given rows; all without */
  readonly gradient: (phi: number[], alpha: number[], rows?: number[]) => number[];
  /** ∂²L_lower/∂φ² on all rows */
  readonly hessian: (phi: number[], alpha: number[]) => number[][];
  /** ∂²L_lower/∂α∂φ on all rows, a row per entry of α */
  readonly mixed: (phi: number[], alpha: number[]) => number[][];
  readonly upper: (phi: number[]) => number;
  readonly upperGradient: (phi: number[]) => number[];
}

export const inner = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
export const add = (a: readonly number[], b: readonly number[], factor = 1) => a.map((x, i) => x + factor * b[i]);
const times = (matrix: readonly number[][], x: readonly number[]) => matrix.map((row) => inner(row, x));
const damped = (matrix: number[][], damping: number) =>
  matrix.map((row, i) => row.map((x, j) => (i === j ? x + damping : x)));

/** Gaussian elimination with pivoting. */
export function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    const pivot = rows
      .slice(i)
      .reduce((best, row, k) => (Math.abs(row[i]) > Math.abs(rows[best][i]) ? i + k : best), i);
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let k = 0; k < n; k++) if (k !== i) rows[k] = add(rows[k], rows[i], -rows[k][i] / rows[i][i]);
  }
  return rows.map((row, i) => row[n] / row[i]);
}

/** φ*(α) by Newton's method */
export function argmin(plain: PlainProblem, start: number[], alpha: number[]): number[] {
  let phi = start;
  for (let i = 0; i < 50; i++) phi = add(phi, solve(plain.hessian(phi, alpha), plain.gradient(phi, alpha)), -1);
  return phi;
}

/** −(∂²L/∂α∂φ)·u */
const pulledBack = (plain: PlainProblem, phi: number[], alpha: number[], u: number[]) =>
  times(plain.mixed(phi, alpha), u).map((x) => -x);

/** the Hessian taken as the identity: `dot`, and `darts` in the limit */
export function identityHessian(plain: PlainProblem, phi: number[], alpha: number[]): number[] {
  return pulledBack(plain, phi, alpha, plain.upperGradient(phi));
}

/** −(∂²L/∂α∂φ)(H + δI)⁻¹v */
export function implicit(plain: PlainProblem, phi: number[], alpha: number[], damping = 0): number[] {
  const hessian = damped(plain.hessian(phi, alpha), damping);
  return pulledBack(plain, phi, alpha, solve(hessian, plain.upperGradient(phi)));
}

/** H⁻¹ by s Σ_{j=0..K} (I − sH)ʲ */
export function neumann(plain: PlainProblem, phi: number[], alpha: number[], terms: number, s: number): number[] {
  const hessian = plain.hessian(phi, alpha);
  let power = plain.upperGradient(phi);
  let sum = power;
  for (let j = 0; j < terms; j++) sum = add(sum, (power = add(power, times(hessian, power), -s)));
  return pulledBack(
    plain,
    phi,
    alpha,
    sum.map((x) => s * x),
  );
}

/** The minimiser of the quadratic model over the first `iterations` powers of H + δI on v, by conjugate gradients. */
export function conjugateGradient(
  plain: PlainProblem,
  phi: number[],
  alpha: number[],
  iterations: number,
  damping = 0,
) {
  const hessian = damped(plain.hessian(phi, alpha), damping);
  const v = plain.upperGradient(phi);
  let [x, residual, direction] = [v.map(() => 0), v, v];
  for (let i = 0; i < iterations; i++) {
    const along = times(hessian, direction);
    const step = inner(residual, residual) / inner(direction, along);
    x = add(x, direction, step);
    const next = add(residual, along, -step);
    direction = add(next, direction, inner(next, next) / inner(residual, residual));
    residual = next;
  }
  return pulledBack(plain, phi, alpha, x);
}

export interface PlainLoop {
  /** lower updates */
  readonly updates: number;
  readonly level: LevelOptions;
  readonly accumulation?: number;
  /** rows of the k-th micro-step; all by default */
  readonly rows?: (k: number) => number[] | undefined;
}

/** The whole inner loop, written out as the papers and torch.optim have it; memory is what the optimiser remembers. */
export function unroll(plain: PlainProblem, start: number[], alpha: number[], loop: PlainLoop) {
  const { updates, level, accumulation = 1, rows = () => undefined } = loop;
  const { optimizer, clip = 0, schedule = { kind: "constant" } } = level;
  let phi = start;
  const zero = start.map(() => 0);
  let memory = { first: zero, second: zero };
  const trace: { before: typeof memory; gradient: number[] }[] = [];
  for (let t = 1; t <= updates; t++) {
    let gradient = zero;
    for (let i = 0; i < accumulation; i++) {
      const micro = plain.gradient(phi, alpha, rows((t - 1) * accumulation + i));
      gradient = add(gradient, micro, 1 / accumulation);
    }
    const norm = Math.sqrt(inner(gradient, gradient));
    if (clip > 0) gradient = gradient.map((g) => g * Math.min(1, clip / (norm + 1e-6)));
    trace.push({ before: memory, gradient });
    const rate = level.learningRate * scheduleFactor(schedule, t * accumulation - 1);
    if (optimizer.kind === "sgd") {
      const { momentum = 0, weightDecay = 0 } = optimizer;
      const first = add(add(gradient, phi, weightDecay), memory.first, momentum);
      memory = { first, second: zero };
      phi = add(phi, first, -rate);
    } else {
      const { betas: [b1, b2] = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01 } = optimizer;
      const first = memory.first.map((m, i) => b1 * m + (1 - b1) * gradient[i]);
      const second = memory.second.map((v, i) => b2 * v + (1 - b2) * gradient[i] ** 2);
      memory = { first, second };
      const change = first.map((m, i) => m / (1 - b1 ** t) / (Math.sqrt(second[i] / (1 - b2 ** t)) + epsilon));
      phi = phi.map((p, i) => p - rate * weightDecay * p - rate * change[i]);
    }
  }
  return { phi, trace };
}
