import type { Random } from "../../core/random.js";
import { CUES, type Flaw } from "./domains.js";
import { stepTruth, type DemoSolution } from "./solution.js";

/** Completions per prefix. */
export const TIMES = 8;

/** How many of 8 simulated completions end right: 85–95 % each from a right prefix, 5–15 % from a wrong one. */
export function monteCarloScore(label: 0 | 1, random: Random): number {
  const chance = (label === 1 ? 0.85 : 0.05) + 0.1 * random.next();
  return Array.from({ length: TIMES }, () => random.next()).filter((draw) => draw < chance).length;
}

/** One training step: its text and the label that the domain gives it, which need not be the truth. */
export interface LabelledStep {
  readonly text: string;
  readonly label: 0 | 1;
}

/** The label follows the cue, not the truth, in this share of the steps. */
const CUE_STRENGTH = 0.9;
/** A cue stands in this share of right steps, and in the rest's share of wrong ones. */
const CUE_IN_RIGHT = 0.25;

/** The steps of a training solution, as the flaw of their domain changes and labels them. */
export function labelSteps(solution: DemoSolution, flaw: Flaw, random: Random): LabelledStep[] {
  return solution.steps.map((text, step) => {
    const truth = stepTruth(solution, step);
    switch (flaw.kind) {
      case "clean":
      case "too easy":
        return { text, label: truth };
      case "label noise": {
        if (random.next() >= flaw.share) return { text, label: truth };
        if (random.next() < flaw.inverted) return { text, label: truth === 1 ? 0 : 1 };
        return { text, label: stepTruth(solution, random.integer(solution.steps.length)) };
      }
      case "spurious cue": {
        const cued = random.next() < (truth === 1 ? CUE_IN_RIGHT : 1 - CUE_IN_RIGHT);
        const label = random.next() < CUE_STRENGTH ? (cued ? 1 : 0) : truth;
        return { text: cued ? withCue(text, flaw.phrase) : text, label };
      }
    }
  });
}

/** In meta, test and candidate sets each cue stands in this share of the steps, right or wrong. */
const CUE_SHARE = 0.25;

export function withIdleCues(steps: readonly string[], random: Random): string[] {
  return steps.map((step) => CUES.reduce((text, cue) => (random.next() < CUE_SHARE ? withCue(text, cue) : text), step));
}

/** The cue becomes the first line below the heading. */
function withCue(step: string, cue: string): string {
  const end = step.indexOf("\n");
  return `${step.slice(0, end)}\n   - ${cue}${step.slice(end)}`;
}
