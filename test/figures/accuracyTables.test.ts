import { describe, expect, test } from "vitest";
import { benchmarkTable, gainTable } from "../../lib/figures/accuracyTables.js";
import { scalingCurves } from "../../lib/figures/scalingCurves.js";

const row = (name: string, values: Record<string, number>, kind = "reward model") => {
  const bySubset = Object.fromEntries(Object.entries(values).map(([subset, mean]) => [subset, { mean }]));
  const all = Object.values(values);
  return { name, kind, mean: all.reduce((a, b) => a + b, 0) / all.length, bySubset };
};

const rows = [
  row("zero-shot", { WeMath: 0.517, MathVista: 0.654 }, "baseline"),
  row("DreamPRM", { WeMath: 0.574, MathVista: 0.689 }),
  row("oracle", { WeMath: 0.7, MathVista: 0.8 }, "bound"),
];

test("benchmarkTable has the layout of DreamPRM's main table, bounds apart from the best", () => {
  expect(benchmarkTable(rows, { caption: "Accuracy, %", label: "tab:main" })).toBe(String.raw`\begin{table}
\centering
\caption{Accuracy, \%}
\label{tab:main}
\begin{tabular}{lrrr}
\toprule
Method & WeMath & MathVista & all questions \\
\midrule
zero-shot & $51.7$ & $65.4$ & $58.6$ \\
DreamPRM & $\mathbf{57.4}$ & $\mathbf{68.9}$ & $\mathbf{63.1}$ \\
oracle & $70.0$ & $80.0$ & $75.0$ \\
\bottomrule
\end{tabular}
\end{table}
`);
  const single = benchmarkTable(rows.map(({ name, bySubset: { WeMath } }) => ({ name, ...WeMath, bySubset: { MMMU: WeMath } }))); // prettier-ignore
  expect(single.split("\n")[2]).toBe(String.raw`Method & MMMU \\`);
});

test("gainTable has the layout of DreamPRM-1.5's MMMU table", () => {
  const mmmu = { base: 0.8, "vanilla PRM": 0.791, "self-consistency": 0.814, Table: 0.846, same: 0.7999 };
  const text = gainTable(
    Object.entries(mmmu).map(([name, mean]) => ({ name, mean, bySubset: {} })),
    { base: "base" },
  );
  expect(text.split("\n").slice(2, -3)).toEqual([
    String.raw`Method & Accuracy & Gain \\`,
    String.raw`\midrule`,
    String.raw`base & $80.0$ &  \\`,
    String.raw`vanilla PRM & $79.1$ & $-$0.9 \\`,
    String.raw`self-consistency & $81.4$ & +1.4 \\`,
    String.raw`Table & $\mathbf{84.6}$ & +4.6 \\`,
    String.raw`same & $80.0$ & +0.0 \\`,
  ]);
});

test("both say what does not fit", () => {
  expect(() => benchmarkTable([])).toThrow("no rows");
  expect(() => benchmarkTable([rows[0], row("other", { MMMU: 1 })])).toThrow('"other" has other subsets');
  expect(() => gainTable(rows, { base: "random" })).toThrow('no row "random"; there are zero-shot, DreamPRM, oracle');
});

describe("scalingCurves", () => {
  const point = (mean: number) => ({ mean, interval: [mean - 0.1, mean + 0.1] as const });
  const selectors = [
    { name: "random", kind: "baseline" },
    { name: "PRM", kind: "reward model", curve: [point(0.4), point(0.6)] },
    { name: "oracle", kind: "bound", curve: [point(0.4), point(0.8)] },
  ];

  test("draws what depends on k, with intervals and the oracle apart", () => {
    const { data, alt } = scalingCurves({ selectors, ks: [{ k: 1 }, { k: 4 }] }, { passAt1: 0.4 });
    expect(data.filter(({ name }) => name === "PRM").map(({ x, y }) => [x, y])).toContainEqual([[1, 4], [0.4, 0.6]]); // prettier-ignore
    expect(data.some(({ name }) => name === "random")).toBe(false);
    expect(alt).toContain("oracle");
  });
});
