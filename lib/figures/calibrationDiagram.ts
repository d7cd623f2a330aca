import { extent } from "./lines.js";
import { faded, mark } from "./theme.js";
import type { Figure, Trace } from "./types.js";

/** What is shown of one bin; has the fields of what `calibrationCurve` returns. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly meanScore: number;
  readonly shareRight: number;
}

export interface CalibrationSeries {
  readonly name: string;
  readonly bins: readonly ReliabilityBin[];
}

export interface CalibrationOptions {
  /** Defaults to "mean score". */
  readonly xLabel?: string;
  /** Defaults to "share right". */
  readonly yLabel?: string;
}

/**
 * Reliability diagram: share right against mean score in bins of the score, with Wilson's 95 % interval of each share;
 * below it the number of samples in each bin. The legend has the number of samples and the expected calibration error,
 *
 *     ECE = Σ_b (n_b / n) · |mean score_b − share right_b|      (Guo et al., arXiv 1706.04599)
 *
 * @throws RangeError for no series, a series without bins, a score or share outside [0, 1], or a count below 1
 * @example
 * calibrationDiagram([{ name: "PRM", bins: [{ low: 0, high: 1, count: 20, meanScore: 0.6, shareRight: 0.5 }] }]);
 */
export function calibrationDiagram(series: readonly CalibrationSeries[], options: CalibrationOptions = {}): Figure {
  const { xLabel = "mean score", yLabel = "share right" } = options;
  check(series);
  const summaries = series.map(({ name, bins }) => {
    const n = bins.reduce((sum, { count }) => sum + count, 0);
    const ece = bins.reduce((sum, bin) => sum + (bin.count / n) * Math.abs(bin.meanScore - bin.shareRight), 0);
    return { n, text: `${name} (ECE ${ece.toFixed(3)}, n = ${n.toLocaleString("en")})` };
  });
  const diagonal: Trace = {
    type: "scatter",
    mode: "lines",
    name: "calibrated",
    x: [0, 1],
    y: [0, 1],
    line: { color: "#666", dash: "dot", width: 0.8 },
    hoverinfo: "skip",
    showlegend: false,
  };
  const most = Math.max(...series.flatMap(({ bins }) => bins.map(({ count }) => count)));
  return {
    data: [diagonal, ...series.flatMap((one, i) => [shares(one, i, summaries[i].text), counts(one, i, series.length)])],
    layout: {
      xaxis: { title: { text: xLabel }, range: [0, 1], anchor: "y2" },
      yaxis: { title: { text: yLabel }, range: [-0.03, 1.03], domain: [0.3, 1], dtick: 0.25 },
      yaxis2: { title: { text: "count" }, domain: [0, 0.22], range: [0, most * 1.08], nticks: 3 },
      barmode: "overlay",
      legend: { orientation: "v", title: { text: "error bars: Wilson 95 % interval", side: "top" } },
      showlegend: true,
      hovermode: "closest",
    },
    alt: `${yLabel} against ${xLabel}: ${summaries.map(({ text }) => text).join("; ")}.`,
  };
}

function shares({ bins }: CalibrationSeries, i: number, name: string): Trace {
  const { color, dash, symbol } = mark(i);
  const wilson = bins.map(({ shareRight, count }) => wilsonInterval(shareRight, count));
  return {
    type: "scatter",
    mode: "lines+markers",
    name,
    x: bins.map(({ meanScore }) => meanScore),
    y: bins.map(({ shareRight }) => shareRight),
    line: { color, dash },
    marker: { color, symbol },
    error_y: {
      type: "data",
      symmetric: false,
      array: wilson.map(([, high], b) => high - bins[b].shareRight),
      arrayminus: wilson.map(([low], b) => bins[b].shareRight - low),
      color: faded(color, 0.6),
    },
  };
}

/** The bars of several series share a bin's width, side by side. */
function counts({ name, bins }: CalibrationSeries, i: number, n: number): Trace {
  const { color, pattern } = mark(i);
  const [low, high] = extent(bins.flatMap((bin) => [bin.low, bin.high]));
  const least = (high - low) * 0.004; // a bin of one score has no width of its own
  const width = bins.map((bin) => Math.max(least, ((bin.high - bin.low) * 0.9) / n));
  return {
    type: "bar",
    name: `${name}, count`,
    yaxis: "y2",
    x: bins.map((bin, b) => (bin.low + bin.high) / 2 + (i - (n - 1) / 2) * width[b]),
    y: bins.map(({ count }) => count),
    width,
    marker: {
      color,
      pattern: { shape: pattern, fillmode: "overlay", fgcolor: "#FFF", fgopacity: 0.8, size: 5, solidity: 0.2 },
    },
    showlegend: false,
  };
}

/** Wilson's 95 % interval of a share p of n. */
function wilsonInterval(p: number, n: number): [low: number, high: number] {
  const z2 = 1.959964 ** 2;
  const center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt(z2 * ((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return [Math.min(p, center - half), Math.max(p, center + half)];
}

function check(series: readonly CalibrationSeries[]): void {
  if (series.length === 0) throw new RangeError("calibrationDiagram: no series given");
  for (const { name, bins } of series) {
    if (bins.length === 0) throw new RangeError(`calibrationDiagram: "${name}" has no bins`);
    for (const [b, { low, high, count, meanScore, shareRight }] of bins.entries()) {
      const isShare = (v: number): boolean => v >= 0 && v <= 1;
      if (![low, high, meanScore, shareRight].every(isShare) || !(count >= 1 && count < Infinity)) {
        throw new RangeError(
          `calibrationDiagram: bin ${b} of "${name}" is [${low}, ${high}] with mean score ${meanScore}, share right ${shareRight}, count ${count}; scores and shares lie in [0, 1], counts are at least 1`,
        );
      }
    }
  }
}
