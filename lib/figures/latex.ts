/** A number with its spread over seeds, as reports have it. */
export interface LatexSpread {
  readonly mean: number;
  readonly std?: number | undefined;
  readonly interval?: readonly [low: number, high: number] | undefined;
}

export type LatexCell = string | number | LatexSpread | null | undefined;

export interface LatexColumn {
  /** Key of the rows, and the head unless there is a title. */
  readonly name: string;
  readonly title?: string;
  /** Digits behind the point; defaults to 3. */
  readonly digits?: number;
  /** What of a spread stands behind the mean; defaults to its std, and to its interval where there is none. */
  readonly show?: "std" | "interval";
}

export interface LatexTable<Row extends Readonly<Record<string, LatexCell>>> {
  readonly columns: readonly (string | LatexColumn)[];
  readonly rows: readonly Row[];
  readonly caption?: string;
  /** For \ref, such as "tab:results". */
  readonly label?: string;
  /** Columns whose best cell is set in bold, and which end is best. */
  readonly bold?: Readonly<Record<string, "highest" | "lowest">>;
  /** Rows that compete for bold; defaults to all. An upper bound does not. */
  readonly competes?: (row: Row) => boolean;
}

/**
 * Rows as a LaTeX table by the package booktabs; numbers in math mode, as mean ± std (the signs one above the other) or
 * mean [low, high]. What is equal to the best as printed is bold as well.
 *
 * @throws RangeError for no columns, a column that no row has, or a number that is not finite
 * @example
 * latexTable({
 *   columns: ["method", { name: "auc", title: "step AUC" }],
 *   rows: [{ method: "vanilla", auc: { mean: 0.5721, std: 0.0114 } }],
 *   bold: { auc: "highest" },
 * });
 */
export function latexTable<Row extends Readonly<Record<string, LatexCell>>>(table: LatexTable<Row>): string {
  const { rows, caption, label, bold = {}, competes = () => true } = table;
  const columns = table.columns.map((column): LatexColumn => (typeof column === "string" ? { name: column } : column));
  check(columns, rows, Object.keys(bold));
  const numeric = columns.map(({ name }) => rows.every((row) => typeof row[name] !== "string"));
  const best = columns.map(({ name, digits }) => {
    if (!Object.hasOwn(bold, name)) return undefined;
    const values = rows.filter(competes).flatMap((row) => center(row[name]) ?? []);
    if (values.length === 0) return undefined;
    return fixed(bold[name] === "highest" ? Math.max(...values) : Math.min(...values), digits);
  });
  const longest = columns.map((column) =>
    longestSpread(
      rows.map((row) => row[column.name]),
      column,
    ),
  );
  const line = (row: Row): string =>
    columns
      .map((column, c) => {
        const cell = row[column.name];
        const value = center(cell);
        const isBest = value !== undefined && competes(row) && fixed(value, column.digits) === best[c];
        return formatted(cell, column, isBest, longest[c]);
      })
      .join(" & ")
      .replace(/^[[*]/, "{$&}"); // after a line's end, LaTeX would take it as an option of that
  const tabular = [
    `\\begin{tabular}{${numeric.map((is) => (is ? "r" : "l")).join("")}}`,
    "\\toprule",
    `${columns.map(({ name, title = name }) => escapeLatex(title)).join(" & ")} \\\\`,
    "\\midrule",
    ...rows.map((row) => `${line(row)} \\\\`),
    "\\bottomrule",
    "\\end{tabular}",
  ];
  if (caption === undefined && label === undefined) return `${tabular.join("\n")}\n`;
  return `${[
    "\\begin{table}",
    "\\centering",
    ...(caption === undefined ? [] : [`\\caption{${escapeLatex(caption)}}`]),
    ...(label === undefined ? [] : [`\\label{${label}}`]),
    ...tabular,
    "\\end{table}",
  ].join("\n")}\n`;
}

/**
 * Text in which no character is an instruction to LaTeX, and what pdflatex lacks (−, ≥, α, …) is in its words. Other
 * Unicode passes: accented Latin letters compile everywhere, further scripts with XeLaTeX or LuaLaTeX.
 */
export function escapeLatex(text: string): string {
  return text.replace(SPECIAL_CHARACTERS, (c) => SPECIAL[c] ?? (c === "-" ? "-{}" : `\\${c}`));
}

const math = (characters: string, commands: string): [string, string][] =>
  [...characters].map((c, i) => [c, `$\\${commands.split(" ")[i]}$`]);

const SPECIAL: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  "`": "\\textasciigrave{}",
  "−": "$-$",
  "–": "--",
  "—": "---",
  "²": "$^2$",
  "³": "$^3$",
  ...Object.fromEntries([
    ...math("±×÷≤≥≠≈→←∞·", "pm times div leq geq neq approx rightarrow leftarrow infty cdot"),
    ...math("αβγδεζηθικλμµ", "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu mu"),
    ...math("νξπρστυφχψω", "nu xi pi rho sigma tau upsilon phi chi psi omega"),
    ...math("ΓΔΘΛΞΠΣΦΨΩ", "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"),
  ]),
};
/** Also the first of two hyphens, which would become a dash. */
const SPECIAL_CHARACTERS = new RegExp(
  `-(?=-)|[{}$&#_%${Object.keys(SPECIAL).join("").replace(/[\\^]/g, "\\$&")}]`,
  "gu",
);

function formatted(cell: LatexCell, { digits, show }: LatexColumn, isBest: boolean, longest: string): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "string") return escapeLatex(cell);
  const { mean, std, interval } = typeof cell === "number" ? { mean: cell } : cell;
  const value = isBest ? `\\mathbf{${fixed(mean, digits)}}` : fixed(mean, digits);
  if (interval && (show === "interval" || std === undefined)) {
    return `$${value}$ $[${interval.map((bound) => fixed(bound, digits)).join(", ")}]$`;
  }
  if (std === undefined) return longest === "" ? `$${value}$` : `$${value}\\phantom{{} \\pm ${longest}}$`;
  const spread = fixed(std, digits);
  const room = longest.slice(spread.length).replace(/./g, "0");
  return `$${value} \\pm ${room === "" ? "" : `\\phantom{${room}}`}${spread}$`;
}

/** The longest std printed in a column, so that all ± stand one above the other; "" where intervals are shown. */
function longestSpread(cells: readonly LatexCell[], { digits, show }: LatexColumn): string {
  const spreads = cells.flatMap((cell) => (typeof cell === "object" && cell !== null ? [cell] : []));
  if (spreads.some(({ std, interval }) => interval && (show === "interval" || std === undefined))) return "";
  const printed = spreads.flatMap(({ std }) => (std === undefined ? [] : [fixed(std, digits)]));
  return printed.reduce((longest, one) => (one.length > longest.length ? one : longest), "");
}

const fixed = (value: number, digits = 3): string => value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1");

function center(cell: LatexCell): number | undefined {
  if (typeof cell === "number") return cell;
  return typeof cell === "object" && cell !== null ? cell.mean : undefined;
}

function check(columns: readonly LatexColumn[], rows: readonly Readonly<Record<string, LatexCell>>[], bold: string[]) {
  if (columns.length === 0) throw new RangeError("latexTable: no columns given");
  for (const name of [...columns.map(({ name }) => name), ...bold]) {
    if (rows.length > 0 && !rows.some((row) => Object.hasOwn(row, name))) {
      throw new RangeError(`latexTable: no row has a column "${name}"`);
    }
  }
  for (const { name } of columns) {
    rows.forEach((row, r) => {
      const cell = row[name];
      const {
        mean,
        std,
        interval = [],
      } = typeof cell === "object" && cell !== null ? cell : { mean: typeof cell === "number" ? cell : 0 };
      const bad = [mean, std ?? 0, ...interval].find((value) => !Number.isFinite(value));
      if (bad !== undefined) throw new RangeError(`latexTable: row ${r} has ${bad} in column "${name}"`);
    });
  }
}
