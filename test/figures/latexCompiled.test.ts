/** Tables as a real LaTeX sets them; skipped where it or poppler-utils is missing. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { latexTable } from "../../lib/figures/latex.js";

const folder = mkdtempSync(join(tmpdir(), "latex-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (program: string, args: readonly string[]) => spawnSync(program, args, { cwd: folder, encoding: "utf8" });
const missing = [["pdflatex", "-version"], ["kpsewhich", "booktabs.sty"], ["pdftotext", "-v"]].filter(([program, arg]) => run(program, [arg]).status !== 0); // prettier-ignore
if (missing.length > 0) console.log(`skipped: tables set by LaTeX; not found: ${missing.map((words) => words.join(" ")).join(", ")}`); // prettier-ignore

/** The table on a page: its words with their places in points, and the words in bold. */
function compiled(table: string): { words: { text: string; x: number; y: number }[]; bold: string[]; log: string } {
  const preamble = "\\documentclass{article}\n\\usepackage[T1]{fontenc}\\usepackage{lmodern}\\usepackage{booktabs}\\pagestyle{empty}\n"; // prettier-ignore
  writeFileSync(join(folder, "page.tex"), `${preamble}\\begin{document}\n${table}\n\\end{document}\n`);
  const { status, stdout } = run("pdflatex", ["-interaction=nonstopmode", "-halt-on-error", "page.tex"]);
  expect(status, stdout).toBe(0);
  const decoded = (text: string) => text.replace(/&(lt|gt|amp|quot);/g, (_, name: string) => ({ lt: "<", gt: ">", amp: "&", quot: '"' })[name] as string); // prettier-ignore
  const boxes = run("pdftotext", ["-bbox", "page.pdf", "-"]).stdout;
  const words = [...boxes.matchAll(/<word xMin="([\d.]+)" yMin="([\d.]+)"[^>]*>([^<]*)<\/word>/g)].map(([, x, y, text]) => ({ text: decoded(text), x: Number(x), y: Number(y) })); // prettier-ignore
  const html = run("pdftohtml", ["-xml", "-i", "-stdout", "page.pdf"]).stdout;
  const bold = [...html.matchAll(/<b>([^<]*)<\/b>/g)].map(([, text]) => text.trim());
  return { words, bold, log: readFileSync(join(folder, "page.log"), "utf8") };
}

describe.skipIf(missing.length > 0)("a table set by LaTeX", () => {
  const { words, bold, log } =
    missing.length > 0
      ? { words: [], bold: [], log: "" }
      : compiled(
          latexTable({
            columns: [
              "method",
              { name: "auc", title: "AUC_α (%)", digits: 1 },
              { name: "loss", title: "loss & co", digits: 2 },
              { name: "n", digits: 0 },
            ],
            rows: [
              { method: "[plain]", auc: { mean: 57.21, std: 1.14 }, loss: 0.5, n: 3 },
              { method: "a_b & 50% #1 $x$", auc: { mean: 61.96, std: 12.02 }, loss: { mean: 0.301, std: 0.02 }, n: 12 },
              { method: "{c} ~ ^ \\d < >", auc: { mean: 62.04, std: 0.3 }, loss: { mean: 0.304, std: 0.1 }, n: 3 },
              { method: "α ± é naïve --seed |x|", auc: null, loss: { mean: -0.2, std: 0 }, n: undefined },
            ],
            caption: "Results of 3 seeds, α ≥ 0",
            label: "tab:results",
            bold: { auc: "highest", loss: "lowest" },
          }),
        );

  /** The page line by line, from left to right. */
  const lines = (): string[] => {
    const height = ({ y }: { y: number }): number => Math.round(y / 4);
    const heights = [...new Set(words.map(height))].sort((a, b) => a - b);
    const rows = heights.map((h) => words.filter((word) => height(word) === h).sort((a, b) => a.x - b.x));
    return rows.map((row) => row.map(({ text }) => text).join(" "));
  };

  it("reads as it was written", () => {
    expect(lines()).toEqual([
      "Table 1: Results of 3 seeds, α ≥ 0",
      "method AUC_α (%) loss & co n",
      "[plain] 57.2 ± 1.1 0.50 3",
      "a_b & 50% #1 $x$ 62.0 ± 12.0 0.30 ± 0.02 12",
      "{c} ~ ^ \\d < > 62.0 ± 0.3 0.30 ± 0.10 3",
      "α ± é naïve --seed |x| −0.20 ± 0.00",
    ]);
    expect(log).not.toMatch(/Missing character|Overfull|undefined/);
  });

  it("has the best of each column in bold, and what ties with it as printed", () => {
    expect(bold).toEqual(["62", "0", "62", "0", "0", "20"]); // 62.0, 62.0 and −0.20: points and signs have no bold
  });

  it("has the signs ± of a column one above the other", () => {
    const signs = words.filter(({ text, x }) => text === "±" && x > 250).map(({ x }) => Math.round(x)); // right of the names
    expect(signs).toHaveLength(6);
    expect(new Set(signs).size).toBe(2);
  });
});
