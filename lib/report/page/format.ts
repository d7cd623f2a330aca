import type { ReportCell } from "../types.js";

/** Four significant digits; whole numbers as they are; a real minus sign. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  const size = Math.abs(value);
  if (size === Infinity) return value < 0 ? "−∞" : "∞";
  const text =
    Number.isInteger(value) && size < 1e9
      ? String(value)
      : size !== 0 && (size < 1e-4 || size >= 1e6)
        ? value.toExponential(3).replace(/\.?0*e\+?/, "e")
        : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", "−");
}

/** {@link numberText} with the same decimals throughout, so that the points of a column stand below each other. */
export function alignedText(values: readonly number[]): (value: number) => string {
  const decimals = Math.max(0, ...values.map((value) => /\.(\d+)$/.exec(numberText(value))?.[1].length ?? 0));
  if (decimals === 0 || decimals > 4) return numberText;
  return (value) => {
    const text = numberText(value);
    return /^−?[\d.]+$/.test(text) ? value.toFixed(decimals).replace("-", "−") : text;
  };
}

export function cellText(value: ReportCell | undefined): string {
  if (value === undefined) return "–";
  return typeof value === "number" ? numberText(value) : String(value);
}

/** Numbers with as many decimals as two digits of their spread have. */
export function textLike(spread: number | null): (value: number) => string {
  if (spread === null || !(spread > 0) || !Number.isFinite(spread)) return numberText;
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(spread)));
  return (value) =>
    decimals > 7 || Math.abs(value) >= 1e6 ? numberText(value) : value.toFixed(decimals).replace("-", "−");
}

/** 950 ms → "1 s", 3 661 000 ms → "1 h 01 min" */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

/** ISO 8601 → "2026-11-21 09:30", UTC */
export const dateText = (iso: string): string => iso.slice(0, 16).replace("T", " ");
