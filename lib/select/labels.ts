/** 1 or true = positive: the step, the solution or the label of a row is right. */
export type Label = 0 | 1 | boolean;

/** @throws RangeError with the index of the first label that is neither 0/1 nor a boolean */
export function requireLabels(labels: readonly Label[], name: string): void {
  const bad = labels.findIndex((label) => Number(label) !== 0 && Number(label) !== 1);
  if (bad >= 0) throw new RangeError(`${name}: labels[${bad}] is ${String(labels[bad])}; it must be 0 or 1`);
}

/** @throws RangeError with the index of the first score outside [0, 1] */
export function requireProbabilities(scores: readonly number[], name: string): void {
  const bad = scores.findIndex((score) => !(score >= 0 && score <= 1));
  if (bad >= 0) {
    throw new RangeError(`${name}: score ${bad} is ${String(scores[bad])}; it must lie in [0, 1]: pass σ(logit)`);
  }
}
