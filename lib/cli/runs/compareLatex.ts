import { latexTable, type LatexCell } from "../../figures/latex.js";
import type { Comparison } from "../../tracker/compare.js";
import { bestDirection } from "../../tracker/metricValue.js";
import type { Spread } from "../../tracker/spread.js";
import { cellText, groupLabels } from "./compareText.js";

/** One row per group: what its runs share, how many they are, and each metric as mean ± std, the best in bold. */
export function comparisonLatex(comparison: Comparison, metrics: readonly string[], digits = 3): string {
  const { groups } = comparison;
  const paths = [...new Set(groups.flatMap(({ params }) => Object.keys(params)))];
  const labels = groupLabels(comparison);
  const shared = paths.length > 0 ? paths : ["group"];
  const rows = groups.map((group, g) => ({
    ...Object.fromEntries(shared.map((path) => [path, paths.length > 0 ? cellText(group.params[path]) : labels[g]])),
    runs: group.runs.length,
    ...Object.fromEntries(metrics.map((metric) => [metric, latexSpread(group.metrics[metric])])),
  }));
  const bold = metrics.map((metric) => [metric, bestDirection(metric) === "max" ? "highest" : "lowest"] as const);
  return latexTable<Readonly<Record<string, LatexCell>>>({
    columns: [...shared, { name: "runs", digits: 0 }, ...metrics.map((name) => ({ name, digits }))],
    rows,
    bold: Object.fromEntries(bold),
  });
}

/** null where no run has a finite value */
function latexSpread(spread: Spread | undefined): LatexCell {
  if (!spread || spread.n === 0) return null;
  return { mean: spread.mean, ...(spread.std !== null && { std: spread.std }) };
}
