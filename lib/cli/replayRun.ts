import { solveBilevel } from "../bilevel/engine.js";
import type { PlainParams } from "../core/tree.js";
import { mlpHead } from "../model/head.js";
import { prmProblem } from "../model/prmProblem.js";
import type { Deviations } from "./replay.js";
import type { FileAlpha, FilePhi, RunFile } from "./replayFiles.js";
import {
  alphaFromFile,
  batchesFromFile,
  fileHypergradient,
  fileWeighting,
  fromFile,
  levelOptions,
  plainPhi,
  relative,
} from "./replayParts.js";

/** Runs what the file's `config` says and compares every recorded state, the end and the upper losses. */
export async function replayRun(run: RunFile): Promise<Deviations> {
  const { config, data } = run;
  const problem = {
    ...prmProblem({
      prm: mlpHead({ features: config.featureDim, hidden: config.hiddenDim }),
      weighting: fileWeighting(config.weighting, config.trainSize, config.domains),
      aggregation: config.aggregation,
    }),
    init: () => ({ phi: fromFile(run.init.prm), alpha: alphaFromFile(run.init.weighting) }),
  };
  const solver = solveBilevel(problem, batchesFromFile(data, run.lowerBatches, run.metaBatches), {
    iterations: config.lowerIterations,
    gradientAccumulation: config.gradientAccumulation ?? 1,
    lower: levelOptions(config.lowerOptimizer, config.lowerSchedule, config.lowerClip),
    upper: {
      ...levelOptions(config.upperOptimizer, config.upperSchedule, config.upperClip),
      unrollSteps: config.unrollSteps,
      rollBack: config.rollBack ?? false,
      hypergradient: fileHypergradient(config.hypergradient),
    },
  });
  const worst: Record<string, number> = {};
  const note = (what: string, deviation: number) => (worst[what] = Math.max(worst[what] ?? 0, deviation));
  const upperLosses = run.trace.filter((t) => t.level === "upper").map((t) => t.loss);
  let upper = 0;
  for await (const iteration of solver) {
    const expected = run.states.find((state) => state.iteration === iteration.iteration);
    if (expected) compareState(solver.state(), expected, note);
    if (iteration.upper) note("upper loss", relative([iteration.upper.loss], [upperLosses[upper++]]));
  }
  compareState(solver.state(), run.final, note);
  return worst;
}

function compareState(
  ours: { phi: PlainParams; alpha: PlainParams },
  theirs: { prm: FilePhi; weighting: FileAlpha },
  note: (what: string, deviation: number) => void,
): void {
  for (const [name, values] of Object.entries(plainPhi(theirs.prm)))
    note(`φ ${name}`, relative(ours.phi[name].values, values));
  for (const [name, values] of Object.entries(theirs.weighting))
    note(`α ${name}`, relative(ours.alpha[name].values, values.flat()));
}
