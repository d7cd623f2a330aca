import { mean, spearman, std } from "../core/statistics.js";
import { labelNoise } from "../data/labels.js";
import type { Pool, SolutionSet } from "../data/types.js";
import { oracle, randomChoice } from "../select/bestOfN.js";
import { evaluateSteps } from "../select/evaluate.js";
import { headroomClosed, pairedDifference } from "../select/paired.js";
import { meanInterval } from "../select/studentT.js";
import { majorityVote } from "../select/vote.js";
import type { StudyData } from "./config.js";
import type { Method } from "./methods.js";
import type { Outcome } from "./trainRun.js";

/** mean, sample standard deviation and Student-t 95 % interval of the mean over seeds */
export interface Spread {
  readonly mean: number;
  readonly std: number | undefined;
  readonly interval?: readonly [low: number, high: number];
  readonly values: readonly number[];
}

export interface MethodReport {
  readonly method: Method;
  readonly seeds: readonly number[];
  readonly runs: readonly string[];
  /** mean over domains of the step-level ROC-AUC */
  readonly stepAuc?: Spread;
  readonly stepAucByDomain?: Readonly<Record<string, Spread>>;
  /** step AUC minus vanilla's, seed by seed */
  readonly againstVanilla?: Spread;
  /** (method − vanilla) / (clean − vanilla), seed by seed */
  readonly headroomClosed?: Spread;
  readonly bestOfN?: Spread;
  /** mean weight of a domain's rows, relative to all rows */
  readonly weights?: Readonly<Record<string, Spread>>;
  /** ROC-AUC of the rows' weights as a detector of wrong labels, at the end and by averaged α */
  readonly wrongLabelAuc?: Spread;
  readonly averagedWrongLabelAuc?: Spread;
  /** effective sample size as a share of the rows */
  readonly effectiveShare?: Spread;
  /** Spearman correlation of the weights with the measured label noise of the training rows, seed by seed */
  readonly weightsAgainstNoise?: Spread;
  /** the same with the given quality of the domains */
  readonly weightsAgainstQuality?: Spread;
  /** relative speed of the weights over that of the model */
  readonly timeScaleRatio?: Spread;
}

export interface StudyReport {
  readonly backend: string;
  readonly store: string;
  readonly data: {
    readonly trainRows: number;
    /** absent without a meta set */
    readonly metaSolutions?: number;
    readonly metaWithoutSteps?: number;
    readonly testSolutions?: number;
    readonly pools?: number;
  };
  /** share of the training rows of a domain whose label is on the wrong side of ½ */
  readonly labelNoise?: Readonly<Record<string, number>>;
  readonly quality?: Readonly<Record<string, number>>;
  readonly baselines: {
    /** step AUC of −(step number) */
    readonly positionAuc?: number;
    readonly pass1?: number;
    readonly majority?: number;
    readonly oracle?: number;
  };
  readonly methods: readonly MethodReport[];
}

/** What a report takes of a run; runs read back from the store serve as well. */
export type ReportedOutcome = Omit<Outcome, "phi" | "alpha">;

export function studyReport(study: {
  backend: string;
  store: string;
  data: StudyData;
  outcomes: readonly ReportedOutcome[];
  quality: Readonly<Record<string, number>> | undefined;
}): StudyReport {
  const { backend, store, data, outcomes, quality } = study;
  const { train, meta, test, pools } = data;
  const noise = labelNoise(train);
  return {
    backend,
    store,
    data: {
      trainRows: train.samples.length,
      ...(meta && { metaSolutions: meta.solutions.length, metaWithoutSteps: meta.withoutSteps }),
      ...(test && { testSolutions: test.solutions.length }),
      ...(pools && { pools: pools.length }),
    },
    ...(noise && { labelNoise: noise }),
    ...(quality && { quality }),
    baselines: { ...(test && positionBaseline(test)), ...(pools && poolBaselines(pools)) },
    methods: reportMethods(outcomes, train.domains, noise, quality),
  };
}

/** One report per method, in order of first appearance; compared with vanilla and clean labels seed by seed. */
export function reportMethods(
  outcomes: readonly ReportedOutcome[],
  domains: readonly string[],
  noise?: Readonly<Record<string, number>>,
  quality?: Readonly<Record<string, number>>,
): MethodReport[] {
  const names = [...new Set(outcomes.map(({ method }) => method))];
  return names.map((method) => {
    const own = outcomes.filter((o) => o.method === method);
    return { ...methodReport(own, domains, noise, quality), ...compared(own, outcomes) };
  });
}

/** Of the seeds that the method shares with vanilla, and with clean labels. */
function compared(
  own: readonly ReportedOutcome[],
  all: readonly ReportedOutcome[],
): Pick<MethodReport, "againstVanilla" | "headroomClosed"> {
  const auc = (method: Method, seed: number) => all.find((o) => o.method === method && o.seed === seed)?.steps?.meanAuc;
  const triples = own.flatMap(({ method, seed, steps }) => {
    const vanilla = auc("vanilla", seed);
    if (method === "vanilla" || steps?.meanAuc === undefined || vanilla === undefined) return [];
    return [{ value: steps.meanAuc, vanilla, clean: auc("clean-labels", seed) }];
  });
  if (triples.length === 0) return {};
  const { differences } = pairedDifference(
    triples.map(({ value }) => value),
    triples.map(({ vanilla }) => vanilla),
    { seed: 1 },
  );
  const shares = headroomClosed(
    triples.map(({ value }) => value),
    triples.map(({ vanilla }) => vanilla),
    triples.map(({ vanilla, clean }) => clean ?? vanilla),
  ).bySeed;
  const [againstVanilla, closed] = [spread(differences), spread(shares)];
  return { ...(againstVanilla && { againstVanilla }), ...(closed && { headroomClosed: closed }) };
}

function methodReport(
  outcomes: readonly ReportedOutcome[],
  domains: readonly string[],
  noise: Readonly<Record<string, number>> | undefined,
  quality: Readonly<Record<string, number>> | undefined,
): MethodReport {
  const spreadOf = (value: (o: ReportedOutcome) => number | undefined) => spread(outcomes.map(value));
  const perDomain = (names: readonly string[], value: (o: ReportedOutcome, name: string) => number | undefined) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const found = spreadOf((o) => value(o, name));
        return found ? [[name, found]] : [];
      }),
    );
  const against = (reference: Readonly<Record<string, number>> | undefined) =>
    reference &&
    spreadOf(
      ({ weights }) =>
        weights &&
        spearman(
          domains.map((d) => weights[d]),
          domains.map((d) => reference[d]),
        ),
    );
  const optional = {
    stepAuc: spreadOf(({ steps }) => steps?.meanAuc),
    bestOfN: spreadOf(({ bestOfN }) => bestOfN),
    wrongLabelAuc: spreadOf(({ rowWeights }) => rowWeights?.wrongLabelAuc),
    averagedWrongLabelAuc: spreadOf(({ averagedRowWeights }) => averagedRowWeights?.wrongLabelAuc),
    effectiveShare: spreadOf(({ rowWeights }) => rowWeights?.effectiveShare),
    weightsAgainstNoise: against(noise),
    weightsAgainstQuality: against(quality),
    timeScaleRatio: spreadOf(({ timeScales }) => timeScales?.ratio),
  };
  const { steps, weights } = outcomes[0];
  return {
    method: outcomes[0].method,
    seeds: outcomes.map(({ seed }) => seed),
    runs: outcomes.map(({ run }) => run),
    ...defined(optional),
    ...(steps && {
      stepAucByDomain: perDomain(Object.keys(steps.aucByDomain), (o, d) => o.steps?.aucByDomain[d]),
    }),
    ...(weights && { weights: perDomain(domains, ({ weights }, d) => weights?.[d]) }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function spread(values: readonly (number | undefined)[]): Spread | undefined {
  const present = values.filter((value) => value !== undefined);
  if (present.length === 0) return undefined;
  const interval = present.length > 1 ? meanInterval(present) : undefined;
  return { mean: mean(present), std: std(present), ...(interval && { interval }), values: present };
}

function positionBaseline({ solutions }: SolutionSet): { positionAuc?: number } {
  const positions = solutions.flatMap(({ steps }) => steps.map((_, i) => -i));
  const { meanAuc } = evaluateSteps(solutions, positions);
  return meanAuc === undefined ? {} : { positionAuc: meanAuc };
}

function poolBaselines(pools: readonly Pool[]): StudyReport["baselines"] {
  const correct = pools.map(({ candidates }) => ({ correct: candidates.map((c) => c.correct) }));
  const majority = pools.map(({ candidates }) => {
    const { candidate } = majorityVote(candidates.map(({ answer }) => answer));
    return candidate >= 0 && candidates[candidate].correct ? 1 : 0;
  });
  return { pass1: randomChoice(correct), majority: mean(majority), oracle: oracle(correct) };
}
