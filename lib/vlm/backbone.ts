/** Which of a pretrained model's parameters are trained. */
import { cloneTree, type Params } from "../core/tree.js";

export interface Backbone {
  /** its part of φ at the start; the caller disposes it */
  readonly init: (seed: number) => Params;
  /** closed over, never copied */
  readonly frozen: Params;
}

/** All parameters are φ; those that were loaded stay the caller's. */
export function fullBackbone(weights: Params): Backbone {
  return { init: () => cloneTree(weights), frozen: {} };
}

/** None is: φ is the head alone. */
export function frozenBackbone(weights: Params): Backbone {
  return { init: () => ({}), frozen: weights };
}
