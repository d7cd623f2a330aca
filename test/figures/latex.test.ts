import { describe, expect, it } from "vitest";
import { escapeLatex, type LatexCell, latexTable } from "../../lib/figures/latex.js";

describe("latexTable", () => {
  const rows = [
    { method: "vanilla", auc: { mean: 0.5721, std: 0.0114 }, gain: undefined },
    { method: "domain_table & Co", auc: { mean: 0.58, std: 0.02 }, gain: { mean: 0.0079, interval: [-0.01, 0.03] } },
    { method: "clean", auc: { mean: 0.775, std: 0.006 }, gain: { mean: 0.2, std: 0.01, interval: [0.19, 0.21] } },
  ] as const;

  it("is a booktabs table with the best of those that compete in bold", () => {
    const text = latexTable({
      columns: ["method", { name: "auc", title: "step AUC" }, { name: "gain", digits: 2, show: "interval" }],
      rows,
      caption: "50 % of the rows",
      label: "tab:auc",
      bold: { auc: "highest" },
      competes: ({ method }) => method !== "clean",
    });
    expect(text).toBe(String.raw`\begin{table}
\centering
\caption{50 \% of the rows}
\label{tab:auc}
\begin{tabular}{lrr}
\toprule
method & step AUC & gain \\
\midrule
vanilla & $0.572 \pm 0.011$ &  \\
domain\_table \& Co & $\mathbf{0.580} \pm 0.020$ & $0.01$ $[-0.01, 0.03]$ \\
clean & $0.775 \pm 0.006$ & $0.20$ $[0.19, 0.21]$ \\
\bottomrule
\end{tabular}
\end{table}
`);
  });

  it("is the tabular alone without caption and label, with numbers as they are and what ties as printed in bold", () => {
    const text = latexTable({
      columns: [{ name: "loss", digits: 1 }],
      rows: [{ loss: 0.14 }, { loss: 0.06 }, { loss: 0.11 }, { loss: -0.04 }, { loss: null }],
      bold: { loss: "lowest" },
    });
    expect(text.split("\n").slice(4, -3)).toEqual(
      ["$0.1$", "$0.1$", "$0.1$", String.raw`$\mathbf{0.0}$`, ""].map((cell) => `${cell} \\\\`),
    );
  });

  it("escapes what LaTeX would take as an instruction", () => {
    expect(escapeLatex("a_b^2 {c} $5 ~ #1 \\x < > 3 ± 1 − 2")).toBe(
      String.raw`a\_b\textasciicircum{}2 \{c\} \$5 \textasciitilde{} \#1 \textbackslash{}x \textless{} \textgreater{} 3 $\pm$ 1 $-$ 2`,
    );
  });

  it("keeps hyphens, words of other scripts and what stands first in a row", () => {
    expect(escapeLatex("--seed a–b é α|β 10²")).toBe("-{}-seed a--b é $\\alpha$\\textbar{}$\\beta$ 10$^2$");
    const [first] = latexTable({ columns: ["range"], rows: [{ range: "[0, 1]" }] })
      .split("\n")
      .slice(4);
    expect(first).toBe("{[}0, 1] \\\\");
  });

  it("sets all ± of a column one above the other", () => {
    const text = latexTable({ columns: [{ name: "s", digits: 1 }], rows: [{ s: { mean: 1, std: 12.3 } }, { s: { mean: 2, std: 0.5 } }, { s: 3 }] }); // prettier-ignore
    expect(text.split("\n").slice(4, 7)).toEqual([
      String.raw`$1.0 \pm 12.3$ \\`,
      String.raw`$2.0 \pm \phantom{0}0.5$ \\`,
      String.raw`$3.0\phantom{{} \pm 12.3}$ \\`,
    ]);
  });

  type Refused = readonly [{ columns: string[]; rows: readonly Record<string, LatexCell>[] }, RegExp];
  it.each<Refused>([
    [{ columns: [], rows }, /no columns/],
    [{ columns: ["other"], rows }, /no row has a column "other"/],
    [{ columns: ["auc"], rows: [{ auc: NaN }] }, /row 0 has NaN in column "auc"/],
    [{ columns: ["auc"], rows: [{ auc: { mean: 1, std: Infinity } }] }, /row 0 has Infinity in column "auc"/],
  ])("refuses what it cannot print (%#)", (table, message) => {
    expect(() => latexTable(table)).toThrow(message);
  });
});
