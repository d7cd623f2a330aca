import { part, prefixed, secondOrderProducts } from "../../core/secondOrder.js";
import { addTree, dotTree, type Params, scaleTree, tidyTree, valueAndGrads, zerosLikeTree } from "../../core/tree.js";
import { lowerGradient } from "../gradients.js";
import { copyState, disposeTree, type Level, type LevelState } from "../level.js";
import type { InnerUpdate } from "../innerLoop.js";
import type { LowerObjective } from "../problem.js";
import type { HypergradientPoint } from "./point.js";

/** Adjoint of a state: derivatives of L_upper(φ_T) in φ_t and in the optimiser's moments. */
interface Adjoint {
  readonly params: Params;
  readonly moments: Readonly<Record<string, Params>>;
}

/**
 * g = dL_upper(φ_T)/dα through the last T lower updates φ_{t+1} = U(φ_t, moments_t, ∇_φ L_lower(φ_t, α)), exactly, by
 * reverse accumulation: for t = T−1 … 0, with ḡ the adjoint of the gradient that entered update t,
 *
 *     dα += (∂²L/∂α∂φ)·ḡ        φ̄_t = ∂U/∂φ · φ̄_{t+1} + (∂²L/∂φ²)·ḡ
 *
 * Maclaurin, Duvenaud & Adams, arXiv 1502.03492; Franceschi et al., arXiv 1703.01785, equations 7–9. Clipping, momentum
 * and AdamW's moments are differentiated too; what weights see of the model's answer is not.
 * States are taken where the engine kept them and recomputed in between.
 */
export function unrolled<L>({ problem, alpha, vector, inner }: HypergradientPoint<L>): Params {
  const updates = inner?.updates ?? [];
  if (inner === undefined || updates[0]?.before === undefined) {
    throw new Error('hypergradient "unrolled" needs the inner loop\'s updates, which only the engine knows');
  }
  const { level } = inner;
  let adjoint: Adjoint | undefined;
  let gradient = tidyTree(() => zerosLikeTree(alpha));
  for (const segment of segments(updates).reverse()) {
    const states = recompute(problem, level, alpha, segment);
    for (let t = segment.length - 1; t >= 0; t--) {
      const state = states[t];
      const before: Adjoint = adjoint ?? { params: vector, moments: zeroMoments(state) };
      const step = reverse(problem, level, alpha, segment[t], state, before);
      if (adjoint) disposeTree(adjoint);
      else disposeTree(before.moments);
      const sum = tidyTree(() => addTree(gradient, step.alpha));
      disposeTree([gradient, step.alpha]);
      [gradient, adjoint] = [sum, step.adjoint];
    }
    disposeTree(states);
  }
  disposeTree(adjoint);
  return gradient;
}

/** Runs of updates, each beginning with one whose state was kept. */
function segments<L>(updates: readonly InnerUpdate<L>[]): InnerUpdate<L>[][] {
  const runs: InnerUpdate<L>[][] = [];
  for (const update of updates) {
    if (update.before) runs.push([]);
    runs[runs.length - 1].push(update);
  }
  return runs;
}

/** The states before each update of a segment; the caller disposes them. */
function recompute<L>(
  problem: LowerObjective<L>,
  level: Level,
  alpha: Params,
  segment: readonly InnerUpdate<L>[],
): LevelState[] {
  const states = [copyState(segment[0].before as LevelState)];
  for (const update of segment.slice(0, -1)) {
    const state = states[states.length - 1];
    const grads = meanGradient(problem, state.params, alpha, update);
    states.push(level.step(state, grads, update.scheduled));
    disposeTree(grads);
  }
  return states;
}

/** mean over the micro-steps of ∇_φ L_lower */
function meanGradient<L>(problem: LowerObjective<L>, phi: Params, alpha: Params, { batches }: InnerUpdate<L>): Params {
  return tidyTree(() => {
    const all = batches.map((batch) => lowerGradient(problem, phi, () => alpha, batch).grads);
    return scaleTree(1 / batches.length, all.reduce(addTree));
  });
}

function reverse<L>(
  problem: LowerObjective<L>,
  level: Level,
  alpha: Params,
  update: InnerUpdate<L>,
  state: LevelState,
  after: Adjoint,
): { adjoint: Adjoint; alpha: Params } {
  const grads = meanGradient(problem, state.params, alpha, update);
  const through = pullBack(level, update.scheduled, state, grads, after);
  let [phiSum, alphaSum] = [through.state.params, tidyTree(() => zerosLikeTree(alpha))];
  for (const batch of update.batches) {
    const u = tidyTree(() => scaleTree(1 / update.batches.length, through.grads));
    const products = secondOrderProducts((p, a) => problem.lower(p, a, batch), state.params, alpha, u);
    const [phi, sum] = [
      tidyTree(() => addTree(phiSum, products.phi)),
      tidyTree(() => addTree(alphaSum, products.alpha)),
    ];
    disposeTree([u, products, phiSum, alphaSum]);
    [phiSum, alphaSum] = [phi, sum];
  }
  disposeTree([grads, through.grads]);
  return { adjoint: { params: phiSum, moments: through.state.moments }, alpha: alphaSum };
}

/** Adjoints of what entered an optimiser's update, from those of what came out: first-order differentiation. */
function pullBack(level: Level, scheduled: number, state: LevelState, grads: Params, after: Adjoint) {
  const { moments } = state.optimizer;
  const inputs = {
    ...prefixed("g:", grads),
    ...prefixed("p:", state.params),
    ...Object.assign({}, ...Object.entries(moments).map(([name, tree]) => prefixed(`${name}:`, tree))),
  } as Params;
  const momentsOf = (tree: Params) =>
    Object.fromEntries(Object.keys(moments).map((name) => [name, part(`${name}:`, tree)]));
  const product = (p: Params) => {
    const before = { params: part("p:", p), optimizer: { ...state.optimizer, moments: momentsOf(p) } };
    const next = level.step(before, part("g:", p), scheduled);
    return Object.entries(next.optimizer.moments)
      .map(([name, tree]) => dotTree(tree, after.moments[name]))
      .reduce((sum, one) => sum.add(one), dotTree(next.params, after.params));
  };
  const { value, grads: adjoints } = valueAndGrads(product, inputs);
  value.dispose();
  return { grads: part("g:", adjoints), state: { params: part("p:", adjoints), moments: momentsOf(adjoints) } };
}

function zeroMoments({ optimizer }: LevelState): Record<string, Params> {
  return Object.fromEntries(
    Object.entries(optimizer.moments).map(([name, tree]) => [name, tidyTree(() => zerosLikeTree(tree))]),
  );
}
