import type { Tie } from "../select/bestOfN.js";
import type { Estimate, PoolEvaluation, SelectorEvaluation } from "../select/poolEvaluation.js";
import { textTable } from "./table.js";

/** @param options.shown  the selectors of the tables by subset and by k; that of all questions has all */
export function formatEvaluation(
  evaluation: PoolEvaluation,
  { tie, shown }: { tie: Tie; shown: readonly SelectorEvaluation[] },
): string {
  const parts = [
    header(evaluation),
    selectorTable(evaluation),
    subsetTable(evaluation, shown),
    curveTable(evaluation, shown),
    footer(evaluation, tie),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function header({ questions, candidates, withoutAnswers, generators }: PoolEvaluation): string {
  const without = withoutAnswers > 0 ? `, ${withoutAnswers} questions without any answer to vote on` : "";
  const byGenerator = Object.entries(generators).map(([name, { mean }]) => `${name} ${mean.toFixed(3)}`);
  return [
    `${questions} questions, ${candidates} candidates${without}`,
    ...(byGenerator.length > 0 ? [`generators: ${byGenerator.join(", ")}`] : []),
  ].join("\n");
}

/** Columns that no selector fills are left out. */
function selectorTable({ selectors, against, bootstrap: { level } }: PoolEvaluation): string {
  const per = `[${Math.round(level * 100)} %]`;
  const columns: [string, (s: SelectorEvaluation) => string][] = [
    ["method", ({ name }) => name],
    [`accuracy ${per}`, withInterval],
    ["± over runs", ({ std }) => std?.toFixed(3) ?? ""],
    [`− ${against} ${per}`, ({ comparison }) => (comparison ? withInterval(comparison.difference) : "")],
    ["only this : only that right", ({ comparison }) => discordance(comparison?.mcNemar)],
    ["McNemar p", ({ comparison }) => pText(comparison?.mcNemar?.pValue)],
  ];
  const used = columns.filter(([, cell]) => selectors.some((s) => cell(s) !== ""));
  return textTable(
    used.map(([title]) => title),
    selectors.map((s) => used.map(([, cell]) => cell(s))),
  );
}

function subsetTable({ subsets }: PoolEvaluation, shown: readonly SelectorEvaluation[]): string {
  const names = Object.keys(subsets);
  if (names.length < 2) return "";
  return textTable(
    ["subset", "questions", ...shown.map(({ name }) => name)],
    names.map((name) => [
      name,
      String(subsets[name].questions),
      ...shown.map(({ bySubset }) => bySubset[name].mean.toFixed(3)),
    ]),
  );
}

function curveTable({ ks }: PoolEvaluation, shown: readonly SelectorEvaluation[]): string {
  const curves = shown.flatMap(({ name, curve }) => (curve ? [{ name, curve }] : []));
  return textTable(
    ["best of k", "questions", ...curves.map(({ name }) => name)],
    ks.map(({ k, questions }, i) => [
      String(k),
      String(questions),
      ...curves.map(({ curve }) => curve[i].mean.toFixed(3)),
    ]),
  );
}

function footer({ selectors, bootstrap: { seed, resamples } }: PoolEvaluation, tie: Tie): string {
  const error = Math.max(...selectors.flatMap(({ monteCarloError = [] }) => monteCarloError), 0);
  const drawn = error > 0 ? `; votes of k by drawn subsets, standard error at most ${error.toPrecision(2)}` : "";
  return (
    `of equal scores ${tie === "random" ? "each wins alike" : `the ${tie} wins`}, of equal votes the answer given first; ` +
    `intervals: ${resamples} resamples of the questions, seed ${seed}${drawn}`
  );
}

/** without a sign before zero */
const fixed = (value: number): string => value.toFixed(3).replace(/^-(0\.0+)$/, "$1");

const withInterval = ({ mean, interval }: Estimate): string =>
  fixed(mean) + (interval ? ` [${interval.map(fixed).join(", ")}]` : "");

const discordance = (test: { onlyFirst: number; onlySecond: number } | undefined): string =>
  test ? `${test.onlyFirst} : ${test.onlySecond}` : "";

const pText = (p: number | undefined): string => (p === undefined ? "" : p < 1e-4 ? "<0.0001" : p.toPrecision(2));
