import { joinSteps } from "./steps.js";
import type { StepInput } from "../data/types.js";

/**
 * The text that a PRM reads to score the last of `steps`: question, blank line, partial response (DreamPRM's layout).
 * A question without a response is the question alone.
 */
export function promptText({ question, steps }: StepInput): string {
  return joinSteps([question, ...steps].filter((part) => part !== ""));
}
