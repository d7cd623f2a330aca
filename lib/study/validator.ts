import * as tf from "@tensorflow/tfjs-core";
import type { BilevelProblem } from "../bilevel/problem.js";
import type { BilevelState } from "../bilevel/engine.js";
import { fromPlain, type PlainParams } from "../core/tree.js";
import { type SolutionBatch, solutionBatch, type StepBatch } from "../data/batch.js";
import { type EncodedSolutions } from "../data/encode.js";
import type { StudyConfig } from "./config.js";

const CHUNK = 128;

interface Best {
  readonly iteration: number;
  readonly loss: number;
  readonly phi: PlainParams;
}

/** Chooses the best state by the upper loss on a validation set, never on test data, and says when to stop. */
export class Validator {
  best: Best | undefined;
  /** looks since the best */
  withoutGain = 0;

  constructor(
    private readonly problem: BilevelProblem<StepBatch, SolutionBatch>,
    private readonly validation: EncodedSolutions | undefined,
    private readonly config: Pick<StudyConfig, "validateEvery" | "patience">,
  ) {}

  due(iteration: number): boolean {
    const { validateEvery } = this.config;
    return this.validation !== undefined && validateEvery > 0 && iteration % validateEvery === 0;
  }

  look(iteration: number, { phi }: Pick<BilevelState, "phi">): void {
    const loss = this.loss(phi);
    this.withoutGain++;
    if (this.best !== undefined && !(loss < this.best.loss)) return;
    this.best = { iteration, loss, phi };
    this.withoutGain = 0;
  }

  get stop(): boolean {
    const { patience } = this.config;
    return patience > 0 && this.withoutGain >= patience;
  }

  restore(best: Best | null, withoutGain: number): void {
    this.best = best ?? undefined;
    this.withoutGain = withoutGain;
  }

  /** the upper loss over all validation solutions */
  private loss(plain: PlainParams): number {
    const { validation } = this;
    if (validation === undefined) throw new Error("there is no validation set");
    const count = validation.label.length;
    return tf
      .tidy(() => {
        const phi = fromPlain(plain);
        let sum = 0;
        for (let start = 0; start < count; start += CHUNK) {
          const rows = Int32Array.from({ length: Math.min(CHUNK, count - start) }, (_, i) => start + i);
          sum += rows.length * this.problem.upper(phi, {}, solutionBatch(validation, rows)).dataSync()[0];
        }
        return tf.scalar(sum / count);
      })
      .dataSync()[0];
  }
}
