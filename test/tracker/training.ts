import type { Run } from "../../lib/tracker/run.js";

export const WEIGHTS_EVERY = 3;
const names = ["chart", "geometry"];

/** What training logs at iterations `from` … `to`: every number depends on its iteration alone. */
export function train(run: Run, from: number, to: number, onIteration: (iteration: number) => void = () => undefined) {
  for (let iteration = from; iteration <= to; iteration++) {
    const upper = iteration % 2 === 0 ? { upper: { loss: Math.sin(iteration), learningRate: 0.1 } } : {};
    const values = new Float32Array([iteration, 1 / iteration]);
    run.log({ iteration, lower: { loss: 1 / iteration }, ...upper, weights: () => ({ names, values }) });
    if (iteration % 50 === 0) run.log(iteration, { auc: iteration === 100 ? NaN : iteration / 1000 });
    onIteration(iteration);
  }
}
