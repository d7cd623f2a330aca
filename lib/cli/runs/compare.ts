import { Command, Option } from "commander";
import { compareGroups, type GroupComparison } from "../../tracker/compareGroups.js";
import { type Comparison, compareRuns } from "../../tracker/compare.js";
import { STATISTICS, type Statistic } from "../../tracker/metricValue.js";
import { stringify } from "../../tracker/plain.js";
import type { RunSummary } from "../../tracker/runRecord.js";
import { wholeNotNegative } from "../arguments.js";
import { comparisonLatex } from "./compareLatex.js";
import { type Against, cellText, comparisonText, differingMetrics, groupLabels } from "./compareText.js";
import {
  addSelection,
  jsonOption,
  list,
  openReadOnly,
  selected,
  type SelectionFlags,
  storeOption,
  type ValueFlags,
  whereOption,
} from "./options.js";
import { lineWidth } from "./print.js";

interface CompareFlags extends SelectionFlags, ValueFlags {
  readonly metrics?: readonly string[];
  readonly statistic?: readonly Statistic[];
  readonly by?: readonly string[];
  readonly against?: string;
  readonly latex?: boolean;
  readonly digits?: number;
}

/** `dreamprm runs compare` */
export function compareCommand(): Command {
  return addSelection(new Command("compare").addOption(whereOption()))
    .description("what differs between runs, and what they reached: mean ± std over the seeds of each setting")
    .argument("[ids...]", "run ids or their beginnings; without, all that the filters leave")
    .option("--metrics <names>", "these, such as auc,upper.loss.best; defaults to the numbers of the summaries", list)
    .addOption(
      new Option("--statistic <kinds...>", "also of every logged metric, such as best last").choices(STATISTICS),
    )
    .option("--by <values>", "what the runs of a group share, such as method; defaults to all but the seed", list)
    .option(
      "--against <group>",
      "paired differences from this group: its name in the output, or what only it has, or `first`",
    )
    .addOption(new Option("--latex", "print a LaTeX table (booktabs), the best in bold").conflicts("against"))
    .option("--digits <n>", "behind the point, in LaTeX; defaults to 3", wholeNotNegative)
    .addOption(jsonOption().conflicts("latex"))
    .addOption(storeOption())
    .addHelpText(
      "after",
      `
± is the standard deviation over the runs of a group, the interval a 95 %
bootstrap of their mean. Differences are paired by seed; p is that of a
two-sided sign-flip test. Runs are compared oldest first unless sorted.

Examples:
  dreamprm runs compare --group demo --metrics auc,bestOfN --by method --against vanilla
  dreamprm runs compare --where 'status = "finished"' --statistic best --latex
  dreamprm runs compare 20261121-0930 20261121-1015`,
    )
    .action(compare);
}

async function compare(ids: string[], { store: folder, json, latex, digits, ...flags }: CompareFlags): Promise<void> {
  const { metrics, statistic, by, against, ...selection } = flags;
  const store = await openReadOnly(folder);
  const oldestFirst = ids.length > 0 ? {} : { sort: "startedAt" };
  const runs = await selected(store, { ...oldestFirst, ...selection }, ids);
  if (runs.length < 2) {
    const found = runs.length === 0 ? "no runs match" : "only one run matches";
    throw new Error(`${found} in ${store.folder}: there is nothing to compare`);
  }
  const comparison = compareRuns(runs, {
    ...(metrics && { metrics }),
    ...(statistic && { statistics: statistic }),
    ...(by && { by }),
  });
  const pairs = against === undefined ? undefined : comparedWith(against, comparison, runs);
  if (json) console.log(stringify({ ...comparison, ...(pairs && { against: pairs }) }, 2));
  else if (latex) process.stdout.write(comparisonLatex(comparison, metrics ?? differingMetrics(comparison), digits));
  else console.log(comparisonText(comparison, pairs, lineWidth()));
}

/** Each other group with one of them, metric by metric. */
function comparedWith(name: string, comparison: Comparison, runs: readonly RunSummary[]): Against {
  const { groups, metrics } = comparison;
  const labels = groupLabels(comparison);
  const isMeant = (g: number) => labels[g] === name || Object.values(groups[g].params).map(cellText).includes(name);
  const meant = name === "first" ? [0] : [...groups.keys()].filter(isMeant);
  const [at] = meant;
  if (meant.length !== 1) {
    const problem = meant.length === 0 ? `there is no group "${name}"` : `"${name}" is in ${meant.length} groups`;
    throw new Error(`${problem}: give one of ${labels.join("; ")}, or what only one group has`);
  }
  const members = groups.map((group) => runs.filter(({ id }) => group.runs.includes(id)));
  const compared = (group: number, metric: string): GroupComparison | { readonly problem: string } => {
    try {
      return compareGroups(members[group], members[at], metric);
    } catch (error) {
      if (error instanceof RangeError) return { problem: error.message };
      throw error;
    }
  };
  return {
    group: labels[at],
    metrics: Object.fromEntries(
      metrics.map((metric) => [
        metric,
        Object.fromEntries(labels.flatMap((label, g) => (g === at ? [] : [[label, compared(g, metric)]]))),
      ]),
    ),
  };
}
