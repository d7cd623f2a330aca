import type { MethodReport, Spread, StudyReport } from "../study/report.js";
import { textTable } from "./table.js";

/** @param domains  with the table of domains, one column per method; defaults to true */
export function formatReport(report: StudyReport, { domains = true }: { domains?: boolean } = {}): string {
  const { methods, baselines, data } = report;
  const parts = [
    `${data.trainRows} training rows` +
      (data.metaSolutions === undefined ? "" : `, ${data.metaSolutions} meta solutions`) +
      (data.metaWithoutSteps ? ` (${data.metaWithoutSteps} without recognisable steps)` : "") +
      `; backend ${report.backend}`,
    methodTable(methods),
    baselineLine(baselines),
    domains ? domainTable(report) : "",
    `runs in ${report.store}: dreamprm runs show ${methods[0]?.runs[0] ?? ""}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Columns that no method fills are left out. */
function methodTable(methods: readonly MethodReport[]): string {
  const columns: [string, (m: MethodReport) => string][] = [
    ["method", (m) => m.method],
    ["seeds", (m) => m.seeds.join(",")],
    ["step AUC", (m) => shown(m.stepAuc)],
    ["− vanilla [95 %]", (m) => withInterval(m.againstVanilla)],
    ["headroom closed", (m) => withInterval(m.headroomClosed, 2)],
    ["best-of-N", (m) => shown(m.bestOfN)],
    ["wrong-label AUC", (m) => shown(m.wrongLabelAuc)],
    ["effective rows", (m) => shown(m.effectiveShare, 2)],
    ["weights ~ noise", (m) => shown(m.weightsAgainstNoise, 2)],
    ["weights ~ quality", (m) => shown(m.weightsAgainstQuality, 2)],
  ];
  const used = columns.filter(([, cell]) => methods.some((m) => cell(m) !== ""));
  return textTable(
    used.map(([title]) => title),
    methods.map((m) => used.map(([, cell]) => cell(m))),
  );
}

function withInterval(value: Spread | undefined, digits = 3): string {
  if (value === undefined) return "";
  const { mean, interval } = value;
  return mean.toFixed(digits) + (interval ? ` [${interval.map((v) => v.toFixed(digits)).join(", ")}]` : "");
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
      ...(m.stepAuc
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
