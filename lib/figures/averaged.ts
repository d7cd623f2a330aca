import { keptPoints, mean, spread } from "./statistics.js";

/** Values of one run over its steps. Runs of the same name are seeds of the same thing. */
export interface Series {
  readonly name: string;
  /** Ascending, [n]. */
  readonly step: ArrayLike<number>;
  /** [n]; values that are not finite leave a gap. */
  readonly value: ArrayLike<number>;
}

/** The runs of a name, averaged over the steps that all of them have. */
export interface Averaged {
  readonly name: string;
  readonly step: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The values of each run, [runs][steps]. */
  readonly runs: readonly (readonly number[])[];
}

/** Points that a line keeps, and those of the faint line of a single run. */
const POINTS = 250;

/** @throws RangeError where steps and values differ in number, steps do not ascend, or runs share no step */
export function averaged(series: readonly Series[], figure: string): Averaged[] {
  if (series.length === 0) throw new RangeError(`${figure}: no series given`);
  const byName = new Map<string, Series[]>();
  for (const run of series) {
    checkSteps(run, figure);
    byName.set(run.name, [...(byName.get(run.name) ?? []), run]);
  }
  return [...byName].map(([name, runs]) => {
    const valueAt = runs.map((run) => new Map(Array.from(run.step, (s, i) => [s, run.value[i]])));
    const shared = [...valueAt[0].keys()].filter((s) => valueAt.every((run) => run.has(s)));
    if (shared.length === 0) {
      throw new RangeError(`${figure}: the ${runs.length} runs of "${name}" share no step; log them at the same steps`);
    }
    const means = shared.map((s) => mean(valueAt.map((run) => run.get(s) as number)));
    const step = keptPoints(shared, means, POINTS).map((i) => shared[i]);
    const values = valueAt.map((run) => step.map((s) => run.get(s) as number));
    const perStep = step.map((_, k) => values.map((run) => run[k]));
    return { name, step, mean: perStep.map(mean), std: perStep.map(spread), runs: values };
  });
}

function checkSteps({ name, step, value }: Series, figure: string): void {
  if (step.length !== value.length) {
    throw new RangeError(
      `${figure}: series "${name}" has ${step.length} steps and ${value.length} values; it needs one value per step`,
    );
  }
  if (step.length === 0) throw new RangeError(`${figure}: series "${name}" is empty`);
  for (let i = 0; i < step.length; i++) {
    if (!Number.isFinite(step[i]) || (i > 0 && step[i] <= step[i - 1])) {
      throw new RangeError(
        `${figure}: series "${name}" has step ${step[i]} at index ${i}; steps are finite and ascend`,
      );
    }
  }
}
