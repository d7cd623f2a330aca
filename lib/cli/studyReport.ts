import { labelNoise } from "../data/labels.js";
import type { Pool, SolutionSet, TrainSet } from "../data/types.js";
import { oracle, randomChoice } from "../select/bestOfN.js";
import { evaluateSteps } from "../select/evaluate.js";
import { mean, spearman, std } from "../select/metrics.js";
import { majorityVote } from "../select/vote.js";
import type { Method, Outcome, StudyData } from "./study.js";
import { textTable } from "./table.js";

/** mean ± sample standard deviation over seeds */
export interface Spread {
  readonly mean: number;
  readonly std: number | undefined;
  readonly values: readonly number[];
}

export interface MethodReport {
  readonly method: Method;
  readonly seeds: readonly number[];
  readonly runs: readonly string[];
  /** mean over domains of the step-level ROC-AUC */
  readonly stepAuc?: Spread;
  readonly stepAucByDomain?: Readonly<Record<string, Spread>>;
  readonly bestOfN?: Spread;
  readonly weights?: Readonly<Record<string, Spread>>;
  /** Spearman correlation of the weights with the measured label noise of the training rows, seed by seed */
  readonly weightsAgainstNoise?: Spread;
  /** the same with the given quality of the domains */
  readonly weightsAgainstQuality?: Spread;
}

export interface StudyReport {
  readonly backend: string;
  readonly store: string;
  readonly data: {
    readonly trainRows: number;
    readonly metaSolutions: number;
    readonly metaWithoutSteps: number;
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

export function studyReport(study: {
  backend: string;
  store: string;
  data: StudyData;
  outcomes: readonly Outcome[];
  quality: Readonly<Record<string, number>> | undefined;
}): StudyReport {
  const { backend, store, data, outcomes, quality } = study;
  const { train, meta, test, pools } = data;
  const noise = labelNoise(train);
  const methods = [...new Set(outcomes.map(({ method }) => method))];
  return {
    backend,
    store,
    data: {
      trainRows: train.samples.length,
      metaSolutions: meta.solutions.length,
      metaWithoutSteps: meta.withoutSteps,
      ...(test && { testSolutions: test.solutions.length }),
      ...(pools && { pools: pools.length }),
    },
    ...(noise && { labelNoise: noise }),
    ...(quality && { quality }),
    baselines: { ...(test && positionBaseline(test)), ...(pools && poolBaselines(pools)) },
    methods: methods.map((method) =>
      methodReport(
        outcomes.filter((o) => o.method === method),
        train,
        noise,
        quality,
      ),
    ),
  };
}

function methodReport(
  outcomes: readonly Outcome[],
  { domains }: TrainSet,
  noise: Readonly<Record<string, number>> | undefined,
  quality: Readonly<Record<string, number>> | undefined,
): MethodReport {
  const spreadOf = (value: (o: Outcome) => number | undefined) => spread(outcomes.map(value));
  const perDomain = (names: readonly string[], value: (o: Outcome, name: string) => number | undefined) =>
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
  const stepAuc = spreadOf(({ steps }) => steps?.meanAuc);
  const best = spreadOf(({ bestOfN }) => bestOfN);
  const [toNoise, toQuality] = [against(noise), against(quality)];
  return {
    method: outcomes[0].method,
    seeds: outcomes.map(({ seed }) => seed),
    runs: outcomes.map(({ run }) => run),
    ...(stepAuc && { stepAuc }),
    ...(stepAuc && {
      stepAucByDomain: perDomain(Object.keys(outcomes[0].steps?.aucByDomain ?? {}), (o, d) => o.steps?.aucByDomain[d]),
    }),
    ...(best && { bestOfN: best }),
    ...(outcomes[0].weights && { weights: perDomain(domains, ({ weights }, d) => weights?.[d]) }),
    ...(toNoise && { weightsAgainstNoise: toNoise }),
    ...(toQuality && { weightsAgainstQuality: toQuality }),
  };
}

function spread(values: readonly (number | undefined)[]): Spread | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : { mean: mean(present), std: std(present), values: present };
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

export function formatReport(report: StudyReport): string {
  const { methods, baselines, data } = report;
  const parts = [
    `${data.trainRows} training rows, ${data.metaSolutions} meta solutions` +
      (data.metaWithoutSteps > 0 ? ` (${data.metaWithoutSteps} without recognisable steps)` : "") +
      `; backend ${report.backend}`,
    textTable(
      ["method", "seeds", "step AUC", "best-of-N", "weights ~ noise", "weights ~ quality"],
      methods.map((m) => [
        m.method,
        m.seeds.join(","),
        shown(m.stepAuc),
        shown(m.bestOfN),
        shown(m.weightsAgainstNoise, 2),
        shown(m.weightsAgainstQuality, 2),
      ]),
    ),
    baselineLine(baselines),
    domainTable(report),
    `runs in ${report.store}: dreamprm runs show ${methods[0]?.runs[0] ?? ""}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function baselineLine({ positionAuc, pass1, majority, oracle }: StudyReport["baselines"]): string {
  const named = { "step AUC by position alone": positionAuc, "pass@1": pass1, "self-consistency": majority, oracle };
  const shown = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value.toFixed(3)}`],
  );
  return shown.length === 0 ? "" : `baselines: ${shown.join(", ")}`;
}

/** One row per domain: noise, quality, weights and step AUC of every method. */
function domainTable({ methods, labelNoise: noise, quality }: StudyReport): string {
  const domains = [
    ...new Set(methods.flatMap((m) => [...Object.keys(m.weights ?? {}), ...Object.keys(m.stepAucByDomain ?? {})])),
  ];
  if (domains.length === 0) return "";
  const columns: [string, (domain: string) => string][] = [
    ...(noise ? [["label noise", (d: string) => plainNumber(noise[d])] as [string, (d: string) => string]] : []),
    ...(quality ? [["quality", (d: string) => plainNumber(quality[d])] as [string, (d: string) => string]] : []),
    ...methods.flatMap((m): [string, (domain: string) => string][] => [
      ...(m.weights
        ? [[`weight, ${m.method}`, (d: string) => shown(m.weights?.[d], 2)] as [string, (d: string) => string]]
        : []),
      ...(m.stepAucByDomain
        ? [[`AUC, ${m.method}`, (d: string) => shown(m.stepAucByDomain?.[d])] as [string, (d: string) => string]]
        : []),
    ]),
  ];
  return textTable(
    ["domain", ...columns.map(([title]) => title)],
    domains.map((domain) => [domain, ...columns.map(([, cell]) => cell(domain))]),
  );
}

const plainNumber = (value: number | undefined) => (value === undefined ? "" : value.toFixed(3));

function shown(value: Spread | undefined, digits = 3): string {
  if (value === undefined) return "";
  return value.mean.toFixed(digits) + (value.std === undefined ? "" : ` ± ${value.std.toFixed(digits)}`);
}
