import type { PlainParams } from "../core/tree.js";

/** How fast each level's parameters move, as a share of their size per update. */
export interface TimeScales {
  /** mean of ‖Δφ‖/‖φ‖ per lower iteration */
  readonly lower: number;
  /** mean of ‖Δα‖/‖α‖ per upper update */
  readonly upper: number;
  /** upper per upper update over lower per lower iteration */
  readonly ratio: number;
  /** set when the ratio lies outside the band */
  readonly warning?: string;
}

/** outside, one level stands still while the other moves, or the weights run away from the model they should judge */
const BAND = [0.01, 100] as const;

/** Collects states between which both levels moved, and reports the levels' relative speed. */
export class SpeedMeter {
  private before: Moment | undefined;
  private readonly speeds: { lower: number; upper: number }[] = [];

  /** @returns the speeds since the last call, when both levels moved */
  note(now: Moment): { lower: number; upper: number } | undefined {
    const { before } = this;
    this.before = now;
    if (before === undefined || now.upperUpdates === before.upperUpdates) return undefined;
    const speed = {
      lower: distance(before.phi, now.phi) / (now.iteration - before.iteration),
      upper: distance(before.alpha, now.alpha) / (now.upperUpdates - before.upperUpdates),
    };
    this.speeds.push(speed);
    return speed;
  }

  report(): TimeScales | undefined {
    if (this.speeds.length === 0) return undefined;
    const mean = (level: "lower" | "upper") => this.speeds.reduce((sum, s) => sum + s[level], 0) / this.speeds.length;
    const [lower, upper] = [mean("lower"), mean("upper")];
    const ratio = upper / lower;
    if (ratio >= BAND[0] && ratio <= BAND[1]) return { lower, upper, ratio };
    const [fast, slow] = ratio > 1 ? ["weights", "model"] : ["model", "weights"];
    const warning =
      `the ${fast} move ${(ratio > 1 ? ratio : 1 / ratio).toPrecision(2)} times as fast as the ${slow} ` +
      `(relative change per update); match the time scales by the learning rates or unrollSteps`;
    return { lower, upper, ratio, warning };
  }
}

export interface Moment {
  readonly iteration: number;
  readonly upperUpdates: number;
  readonly phi: PlainParams;
  readonly alpha: PlainParams;
}

/** ‖b − a‖ / ‖a‖, or ‖b − a‖ where a is zero */
function distance(a: PlainParams, b: PlainParams): number {
  let [change, size] = [0, 0];
  for (const [name, { values }] of Object.entries(a)) {
    for (let i = 0; i < values.length; i++) {
      change += (b[name].values[i] - values[i]) ** 2;
      size += values[i] ** 2;
    }
  }
  return Math.sqrt(change) / (Math.sqrt(size) || 1);
}
