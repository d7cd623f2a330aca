import type { RunEvent } from "./events.js";

/** What `run.log` takes from a training engine; undefined values are skipped. */
export interface LoggedIteration {
  readonly iteration: number;
  readonly lower: LoggedLevel;
  readonly upper?: LoggedLevel | undefined;
  weights?(): { readonly names: readonly string[]; readonly values: Float32Array };
}

export interface LoggedLevel {
  readonly loss?: number | undefined;
  readonly weightedLoss?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly gradientNorm?: number | undefined;
}

/** An event that `run.log` wrote for an iteration with an upper update. */
export const isUpperUpdate = (event: RunEvent): boolean =>
  event.type === "metrics" && Object.keys(event.metrics).some((name) => name.startsWith("upper."));

/** `{ loss }` of level "lower" → `{ "lower.loss" }` */
export function prefixed(level: string, values: LoggedLevel): Record<string, number> {
  const defined = Object.entries(values as Record<string, number | undefined>).filter(
    (pair): pair is [string, number] => pair[1] !== undefined,
  );
  return Object.fromEntries(defined.map(([name, value]) => [`${level}.${name}`, value]));
}
