import type { Params, PlainParams } from "../core/tree.js";
import type { PlainLevel } from "./alpha.js";
import type { BilevelState } from "./engine.js";
import type { LevelState } from "./level.js";

/** @throws Error naming the first tensor that a state lacks, has too many or in another shape than this run's */
export function checkResumable({ phi, alpha, memory }: BilevelState, own: LevelState, ownAlpha: PlainLevel): void {
  compare("φ", phi, own.params);
  compare("α", alpha, ownAlpha.params);
  compareMoments("φ", memory.phi.moments, own.optimizer.moments);
  compareMoments("α", memory.alpha.moments, ownAlpha.moments);
}

type Shapes = Params | PlainParams;

function compareMoments(what: string, stored: Record<string, Shapes>, own: Record<string, Shapes>): void {
  const [a, b] = [Object.keys(stored).sort(), Object.keys(own).sort()];
  if (a.join() !== b.join()) {
    throw new Error(`cannot resume: the optimiser of ${what} kept ${list(a)}, this run's keeps ${list(b)}`);
  }
  for (const name of a) compare(`${name} moment of ${what}`, stored[name], own[name]);
}

function compare(what: string, stored: Shapes, own: Shapes): void {
  for (const name of new Set([...Object.keys(stored), ...Object.keys(own)])) {
    const [a, b] = [shapeOf(stored, name), shapeOf(own, name)];
    if (a !== b) throw new Error(`cannot resume: ${what} "${name}" is ${a} in the stored state and ${b} in this run`);
  }
}

function shapeOf(tree: Shapes, name: string): string {
  const found = (tree as Record<string, { shape: readonly number[] } | undefined>)[name];
  return found ? `[${found.shape.join(", ")}]` : "missing";
}

const list = (names: readonly string[]) => (names.length === 0 ? "nothing" : names.join(" and "));
