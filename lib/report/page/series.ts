/**
 * Exponential moving average, corrected for its start (Kingma and Ba 2015): mₜ = β·mₜ₋₁ + (1 − β)·xₜ, shown is
 * mₜ / (1 − βᵗ). Values that are missing or not finite pass through and do not count.
 *
 * @param beta  0: as logged
 */
export function smoothed(values: readonly (number | null)[], beta: number): (number | null)[] {
  if (beta === 0) return [...values];
  let [average, weight] = [0, 0];
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    average = beta * average + (1 - beta) * value;
    weight = beta * weight + (1 - beta);
    return average / weight;
  });
}

export interface Band {
  readonly steps: number[];
  readonly mean: number[];
  /** sample standard deviation; 0 for one run */
  readonly std: number[];
}

/** Mean and spread of several runs over the steps that all of them logged. NaN and ±Infinity make NaN there. */
export function band(steps: readonly number[], runs: readonly (readonly (number | null)[])[]): Band {
  const result: Band = { steps: [], mean: [], std: [] };
  steps.forEach((step, i) => {
    const values = runs.map((run) => run[i]);
    if (!values.every((value) => value !== null)) return;
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    result.steps.push(step);
    result.mean.push(Number.isFinite(mean) ? mean : NaN);
    result.std.push(values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0);
  });
  return result;
}

/**
 * Index pieces of a line between its gaps: what is missing (null) is bridged, what cannot be shown interrupts.
 */
export function pieces(values: readonly (number | null)[], shows: (value: number) => boolean): number[][] {
  const all: number[][] = [];
  let piece: number[] = [];
  values.forEach((value, i) => {
    if (value === null) return;
    if (shows(value)) piece.push(i);
    else if (piece.length > 0) {
      all.push(piece);
      piece = [];
    }
  });
  return piece.length > 0 ? [...all, piece] : all;
}
