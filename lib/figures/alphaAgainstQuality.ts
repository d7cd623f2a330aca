import { mean, rankCorrelation, spread } from "./statistics.js";
import { noteAbove, textPositions } from "./labels.js";
import { faded, okabeIto } from "./theme.js";
import { padded, qualityOf } from "./scales.js";
import type { Figure } from "./types.js";

/**
 * Learned weight of each name against its known quality, with the standard deviation over
 * seeds as error bar. In the corner Spearman's rank correlation: its mean ± standard deviation over the seeds.
 *
 * @param input.names    K names
 * @param input.weights  final weights of each seed, [seeds][K]
 * @param input.quality  one number per name
 * @param options.xLabel defaults to "planted quality"
 * @param options.yLabel defaults to "learned weight"
 * @throws RangeError where the numbers of names, weights and qualities differ, or one is not finite
 */
export function alphaAgainstQuality(
  input: { names: readonly string[]; weights: readonly ArrayLike<number>[]; quality: Readonly<Record<string, number>> },
  { xLabel = "planted quality", yLabel = "learned weight" }: { xLabel?: string; yLabel?: string } = {},
): Figure {
  const { names, weights } = input;
  const quality = names.map((name) => qualityOf(input.quality, name));
  if (names.length < 2 || weights.length === 0) {
    throw new RangeError(
      `alphaAgainstQuality: ${names.length} names and ${weights.length} seeds; needs at least two names and one seed`,
    );
  }
  weights.forEach((seed, s) => {
    const bad = names.findIndex((_, k) => !Number.isFinite(seed[k]));
    if (seed.length !== names.length || bad >= 0) {
      const what =
        seed.length === names.length
          ? `weight ${seed[bad]} for "${names[bad]}"`
          : `${seed.length} weights for ${names.length} names`;
      throw new RangeError(`alphaAgainstQuality: seed ${s} has ${what}`);
    }
  });
  const perName = names.map((_, k) => weights.map((seed) => seed[k]));
  const y = perName.map(mean);
  const error = perName.map(spread);
  const rho = weights.map((seed) => rankCorrelation(quality, Array.from(seed)));
  const seeds = weights.length;
  const summary = `Spearman ρ = ${mean(rho).toFixed(2)}${seeds > 1 ? ` ± ${spread(rho).toFixed(2)} (mean ± std, ${seeds} seeds)` : ""}`;

  const [x0, x1] = padded(quality);
  const xRange = [x0 - 0.06 * (x1 - x0), x1 + 0.06 * (x1 - x0)] as const;
  const yRange = padded([...y.map((v, i) => v + error[i]), ...y.map((v, i) => v - error[i])]);
  const share = (v: number, [low, high]: readonly [number, number]): number => (v - low) / (high - low);
  const textposition = textPositions(
    names.map((text, i) => ({
      text,
      x: share(quality[i], xRange),
      y: share(y[i], yRange),
      spread: error[i] / (yRange[1] - yRange[0]),
    })),
  );
  const color = okabeIto[0];
  return {
    data: [
      {
        type: "scatter",
        mode: "markers+text",
        x: quality,
        y,
        text: [...names],
        textposition,
        cliponaxis: false,
        marker: { color, symbol: "circle" },
        showlegend: false,
        ...(seeds > 1 ? { error_y: { type: "data", array: error, color: faded(color, 0.6) } } : {}),
      },
    ],
    layout: {
      xaxis: { title: { text: xLabel }, range: [...xRange] },
      yaxis: { title: { text: `${yLabel}${seeds > 1 ? " (mean ± std)" : ""}` }, range: yRange },
      annotations: [noteAbove(summary)],
      hovermode: "closest",
    },
    alt: `${yLabel} of ${names.length} entries against ${xLabel}: ${summary}.`,
  };
}
