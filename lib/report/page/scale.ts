/** From values to places on a plot, and the ticks between. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  /** false: the scale has no place for it (not finite; ≤ 0 on a logarithmic scale) */
  readonly shows: (value: number) => boolean;
}

export type ScaleKind = "linear" | "log";

/** Of the values that a scale shows; undefined where there is none. */
export function extentOf(values: Iterable<number>, kind: ScaleKind): [number, number] | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!shown(value, kind)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

const shown = (value: number, kind: ScaleKind): boolean => Number.isFinite(value) && (kind === "linear" || value > 0);

/** @param pixels  where the domain's ends lie */
export function scale(domain: readonly [number, number], pixels: readonly [number, number], kind: ScaleKind): Scale {
  const through = kind === "log" ? Math.log10 : (value: number): number => value;
  const [from, to] = [through(domain[0]), through(domain[1])];
  const perUnit = (pixels[1] - pixels[0]) / (to - from || 1);
  const count = Math.max(2, Math.round(Math.abs(pixels[1] - pixels[0]) / 60));
  const ticks = kind === "log" ? logTicks(domain, count) : linearTicks(domain, count);
  return {
    at: (value) => pixels[0] + (through(value) - from) * perUnit,
    ticks: ticks.filter((tick) => tick >= domain[0] && tick <= domain[1]),
    shows: (value) => shown(value, kind),
  };
}

/** The domain with a little air, so that no line runs on the edge. */
export function padded([low, high]: readonly [number, number], kind: ScaleKind): [number, number] {
  if (kind === "log") {
    const air = high > low ? (high / low) ** 0.05 : 2;
    return [low / air, high * air];
  }
  const air = high > low ? (high - low) * 0.05 : Math.abs(low) * 0.1 || 1;
  return [low - air, high + air];
}

/** Multiples of 1, 2 or 5 times a power of ten, about `count` of them. */
function linearTicks([low, high]: readonly [number, number], count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten; where those are fewer than two, 2 and 5 times them as well. */
function logTicks([low, high]: readonly [number, number], count: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / count));
  const powers = Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (first + i * every));
  const inside = powers.filter((tick) => tick >= low && tick <= high);
  if (inside.length >= 2) return inside;
  const finer = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  return finer.filter((tick) => tick >= low && tick <= high).length >= 2 ? finer : linearTicks([low, high], count);
}
