import type { AlphaSeries } from "./series.js";

/** Snapshot t, [K]: a view. */
export const rowOf = ({ values, names }: AlphaSeries, t: number): Float32Array =>
  values.subarray(t * names.length, (t + 1) * names.length);

/** @throws RangeError without a snapshot, or naming the first weight that is not finite, with its step */
export function requireWeights(series: AlphaSeries, what: string): void {
  const { names, steps, values } = series;
  if (values.length === 0) throw new RangeError(`${what}: no snapshot of the weights was logged`);
  const bad = firstNotFinite(values);
  if (bad < 0) return;
  const [t, k] = [Math.floor(bad / names.length), bad % names.length];
  throw new RangeError(
    `${what}: the weight of "${names[k]}" at step ${steps[t]} is ${values[bad]}; weights are finite`,
  );
}

/** The snapshot at or before `step`, checked. @throws as {@link requireWeights} and `series.at` */
export function requireRow(series: AlphaSeries, step: number, what: string): Float32Array {
  const row = series.at(step);
  const bad = firstNotFinite(row);
  if (bad < 0) return row;
  throw new RangeError(
    `${what}: the weight of "${series.names[bad]}" at step ${step} is ${row[bad]}; weights are finite`,
  );
}

/** −1 when all are finite. */
export function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) return i;
  return -1;
}
