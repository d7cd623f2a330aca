import { random } from "../core/random.js";

/*
 * Selections are weights of 0 and 1, [N]: give them to `fixedInstanceWeights`. Every one keeps at least a row.
 */

/** 1 for the given share of the rows, drawn without replacement. */
export function selectRandom(rows: number, share: number, seed: number): Float32Array {
  return keep(rows, random(`${seed}/selection`).shuffle(indices(rows)).slice(0, kept(rows, share)));
}

/**
 * 1 for the given share of each group's rows with the smallest losses under a model trained on all of them: networks
 * learn what is consistent before they learn noise.
 *
 * Han et al., Co-teaching, arXiv 1804.06872, with one network.
 *
 * @param losses  [N]
 * @param group   index of each row's group, such as its domain; left out: one group
 */
export function selectSmallLoss(losses: ArrayLike<number>, share: number, group?: ArrayLike<number>): Float32Array {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < losses.length; row++) {
    const own = groups.get(group?.[row] ?? 0) ?? [];
    own.push(row);
    groups.set(group?.[row] ?? 0, own);
  }
  const chosen = [...groups.values()].flatMap((rows) =>
    rows.sort((a, b) => losses[a] - losses[b]).slice(0, kept(rows.length, share)),
  );
  return keep(losses.length, chosen);
}

/**
 * 1 for rows whose Monte-Carlo accuracy is exactly 0 or 1 ("certain"), or for all others ("uncertain"): all
 * completions agreed, or the step decides between right and wrong.
 *
 * @throws RangeError when no row would be left
 */
export function selectByUncertainty(targets: ArrayLike<number>, which: "certain" | "uncertain"): Float32Array {
  const chosen = indices(targets.length).filter(
    (row) => (targets[row] === 0 || targets[row] === 1) === (which === "certain"),
  );
  if (chosen.length === 0)
    throw new RangeError(`no row has an ${which === "certain" ? "accuracy of 0 or 1" : "accuracy between 0 and 1"}`);
  return keep(targets.length, chosen);
}

/** Weights that give every domain the same sum and have mean 1 over the rows: w_n = N / (K · N_domain), [N]. */
export function balanceDomains(domain: ArrayLike<number>): Float32Array {
  const counts = new Map<number, number>();
  for (let row = 0; row < domain.length; row++) counts.set(domain[row], (counts.get(domain[row]) ?? 0) + 1);
  return Float32Array.from(domain, (k) => domain.length / (counts.size * (counts.get(k) as number)));
}

function kept(rows: number, share: number): number {
  if (!(share > 0 && share <= 1)) throw new RangeError(`the share to keep is ${share}; it must lie in (0, 1]`);
  return Math.max(1, Math.round(rows * share));
}

function keep(rows: number, chosen: readonly number[]): Float32Array {
  const weights = new Float32Array(rows);
  for (const row of chosen) weights[row] = 1;
  return weights;
}

const indices = (rows: number) => Array.from({ length: rows }, (_, row) => row);
