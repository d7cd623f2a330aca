import { DataError } from "./files.js";
import type { StepSample, TrainSet } from "./types.js";

type Labelled = StepSample & { readonly trueLabel: 0 | 1 };

/**
 * The training set with every target replaced by the true label: what training could reach on clean labels.
 * Rows without a true label are left out.
 *
 * @throws DataError when no row has one
 */
export function cleanLabels(train: TrainSet): TrainSet {
  const samples = labelled(train).map((sample) => ({ ...sample, target: sample.trueLabel }));
  if (samples.length === 0) {
    throw new DataError(`${train.source.path}: no row has a step_label, which training on clean labels needs`);
  }
  return { ...train, samples };
}

/** Share of the rows with a true label whose target falls on the wrong side of ½; undefined where a domain has none. */
export function labelNoise(train: TrainSet): Record<string, number> | undefined {
  const rows = labelled(train);
  const noise = train.domains.map((domain) => {
    const own = rows.filter((sample) => sample.domain === domain);
    return own.filter(({ target, trueLabel }) => Math.abs(target - trueLabel) > 0.5).length / own.length;
  });
  return noise.some(Number.isNaN)
    ? undefined
    : Object.fromEntries(train.domains.map((domain, k) => [domain, noise[k]]));
}

function labelled({ samples }: TrainSet): Labelled[] {
  return samples.filter((sample): sample is Labelled => sample.trueLabel !== undefined);
}
