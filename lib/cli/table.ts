import stringWidth from "string-width";

export type Row = readonly string[];

const NUMERIC = /^([-+]?[\d.,]+(e[-+]?\d+)?|–|NaN|-?Infinity|)$/;

/** A header and its rows in columns, two spaces apart; those where every cell is a number are set flush right. */
export function textTable(header: Row, rows: readonly Row[]): string {
  return columns([header, ...rows], (c) => rows.every((row) => NUMERIC.test(row[c])));
}

/** Rows in columns, all flush left. */
export function alignedColumns(rows: readonly Row[]): string {
  return columns(rows, () => false);
}

function columns(rows: readonly Row[], right: (column: number) => boolean): string {
  const layout = rows[0]?.map((_, c) => ({
    width: Math.max(...rows.map((row) => stringWidth(row[c]))),
    right: right(c),
  }));
  const line = (row: Row): string =>
    (layout ?? [])
      .map(({ width, right }, c) => {
        const gap = " ".repeat(width - stringWidth(row[c]));
        return right ? gap + row[c] : row[c] + gap;
      })
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

/** Four significant digits; whole numbers as they are. */
export function numberText(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** 950 ms → "1s", 3 661 000 ms → "1h01m" */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`;
}
