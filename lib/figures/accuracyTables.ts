import { type LatexCell, latexTable } from "./latex.js";

/** A method's accuracies, as shares of questions. */
export interface AccuracyRow {
  readonly name: string;
  readonly mean: number;
  readonly bySubset: Readonly<Record<string, { readonly mean: number }>>;
  /** an upper bound, which does not compete for bold; as an evaluation names it */
  readonly kind?: string;
}

export interface AccuracyTableOptions {
  readonly caption?: string;
  /** for \ref, such as "tab:results" */
  readonly label?: string;
}

/**
 * The layout of DreamPRM's main table: methods in rows, benchmarks (here subsets) in columns, in per cent; last the mean
 * over all questions, where there are several subsets. The best of every column is bold, bounds apart.
 *
 * @throws RangeError for no rows, or rows of unlike subsets
 * @example
 * benchmarkTable([{ name: "zero-shot", mean: 0.58, bySubset: { WeMath: { mean: 0.517 }, MathVista: { mean: 0.654 } } }]);
 */
export function benchmarkTable(rows: readonly AccuracyRow[], options: AccuracyTableOptions = {}): string {
  const subsets = Object.keys(first(rows, "benchmarkTable").bySubset);
  const unlike = rows.find(({ bySubset }) => Object.keys(bySubset).join("\n") !== subsets.join("\n"));
  if (unlike) throw new RangeError(`benchmarkTable: "${unlike.name}" has other subsets than "${rows[0].name}"`);
  const columns = [...subsets.keys()].map((i) => `subset ${i}`);
  const several = subsets.length > 1;
  return latexTable({
    ...options,
    columns: [
      { name: "method", title: "Method" },
      ...columns.map((name, i) => ({ name, title: subsets[i], digits: 1 })),
      ...(several ? [{ name: "all", title: "all questions", digits: 1 }] : []),
    ],
    rows: rows.map(({ name, mean, bySubset, kind }) => ({
      ...{ method: name, kind: kind ?? "", ...(several && { all: 100 * mean }) },
      ...Object.fromEntries(columns.map((column, i): [string, LatexCell] => [column, 100 * bySubset[subsets[i]].mean])),
    })),
    bold: Object.fromEntries([...columns, ...(several ? ["all"] : [])].map((name) => [name, "highest" as const])),
    competes: ({ kind }) => kind !== "bound",
  });
}

/**
 * The layout of DreamPRM-1.5's MMMU table: accuracy in per cent, and the gain over a base in points.
 *
 * @param options.base  name of the row whose accuracy the gains count from; that row has none
 * @throws RangeError for a base that is no row
 */
export function gainTable(
  rows: readonly AccuracyRow[],
  { base, ...options }: AccuracyTableOptions & { readonly base: string },
): string {
  const from = rows.find(({ name }) => name === base);
  if (!from) throw new RangeError(`gainTable: no row "${base}"; there are ${rows.map(({ name }) => name).join(", ")}`);
  const signed = (points: number) =>
    `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)}`.replace(/^−(0\.0)$/, "+$1");
  return latexTable({
    ...options,
    columns: [
      { name: "method", title: "Method" },
      { name: "accuracy", title: "Accuracy", digits: 1 },
      { name: "gain", title: "Gain" },
    ],
    rows: rows.map((row) => ({
      ...{ method: row.name, kind: row.kind ?? "", accuracy: 100 * row.mean },
      gain: row === from ? null : signed(100 * (row.mean - from.mean)),
    })),
    bold: { accuracy: "highest" },
    competes: ({ kind }) => kind !== "bound",
  });
}

function first(rows: readonly AccuracyRow[], name: string): AccuracyRow {
  if (rows.length === 0) throw new RangeError(`${name}: no rows given`);
  return rows[0];
}
