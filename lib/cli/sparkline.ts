const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** where no value is finite */
const GAP = "·";

/**
 * Values as a line of bars, from the least at the bottom to the greatest at the top: `▇▅▃▂▂▁▁▂`.
 * Of more values than places, each place shows the mean of its share; a constant line lies in the middle.
 *
 * @param places  at most so many characters
 */
export function sparkline(values: ArrayLike<number>, places: number): string {
  const n = Math.min(places, values.length);
  const shown = Array.from({ length: n }, (_, i) =>
    finiteMean(values, Math.floor((i * values.length) / n), Math.floor(((i + 1) * values.length) / n)),
  );
  const finite = shown.filter((value) => !Number.isNaN(value));
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const isConstant = high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high)); // the means are rounded
  const bar = (value: number) =>
    isConstant ? 3 : Math.min(BARS.length - 1, Math.floor((BARS.length * (value - low)) / (high - low)));
  return shown.map((value) => (Number.isNaN(value) ? GAP : BARS[bar(value)])).join("");
}

/** NaN when none is finite */
function finiteMean(values: ArrayLike<number>, from: number, to: number): number {
  let [sum, n] = [0, 0];
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(values[i])) continue;
    sum += values[i];
    n++;
  }
  return sum / n;
}
