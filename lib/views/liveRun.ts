import { type LiveFigure, liveFigure } from "../figures/display.js";
import { alphaOverTime, trainingCurves } from "../figures/figures.js";
import type { Figure } from "../figures/types.js";
import { weightFan } from "../figures/weightFan.js";
import type { Point } from "../tracker/digest.js";
import { RunTail } from "./runTail.js";
import { FRACTIONS, MOST_LINES, type WeightHistory } from "./weightHistory.js";

export interface LiveRunOptions {
  /** drawn in one figure; defaults to those whose last word is "loss", else to the first four */
  readonly metrics?: readonly string[];
  /** between two looks at what was logged; defaults to 500 */
  readonly everyMs?: number;
}

export interface LiveRun {
  /** Draws what was logged until now and leaves the figures as `show` would. */
  finish(): Promise<void>;
}

/**
 * The curves of a run and its weights, drawn anew in place while it logs, in this process or another one: its files are
 * read, and of these only what is new. Up to 20 weights are lines, more are shown as their distribution. The figure of
 * the weights appears with their first snapshot. When the run ends, the last figures stay; that its process was killed is
 * not in its log: call `finish` then.
 * A training loop in the same process has to let the event loop turn (any `await` of I/O or a timer).
 *
 * @param run  from `store.startRun` or `store.read`
 * @throws Error outside of a tslab notebook
 * @example
 * const live = liveRun(run);
 * for (const iteration of training) run.log(iteration);
 * await run.finish();
 * await live.finish();
 */
export function liveRun(
  run: { readonly id: string; readonly folder: string },
  { metrics, everyMs = 500 }: LiveRunOptions = {},
): LiveRun {
  const tail = new RunTail(run);
  const curves = liveFigure({ data: [], layout: {}, alt: `Run ${run.id} has logged nothing yet.` });
  let weights: LiveFigure | undefined;
  let ended: Promise<void> | undefined;
  let looking: Promise<boolean> | undefined;

  const look = async (): Promise<boolean> => {
    const events = await tail.look();
    if (events.some((event) => event.type === "metrics")) {
      const figure = curvesOf(tail.metrics, metrics ?? chosen([...tail.metrics.keys()]));
      if (figure) curves.update(figure);
    }
    const figure = weightsOf(tail.weights);
    if (figure && weights) weights.update(figure);
    else if (figure) weights = liveFigure(figure);
    const status = events.findLast((event) => event.type === "status")?.status ?? "running";
    return status !== "running";
  };
  const watch = async (): Promise<void> => {
    if (looking) return;
    looking = look();
    // a look that fails, as on a network disk that is away, is made again
    const isOver = await looking.catch(() => false);
    looking = undefined;
    if (isOver) await finish();
  };
  const timer = setInterval(() => void watch().catch(() => undefined), everyMs).unref();
  const finish = (): Promise<void> => (ended ??= end());
  const end = async (): Promise<void> => {
    clearInterval(timer);
    await looking?.catch(() => false);
    await look();
    await Promise.all([curves.finish(), weights?.finish()]);
  };
  return { finish };
}

function chosen(metrics: readonly string[]): string[] {
  const losses = metrics.filter((name) => /loss$/i.test(name));
  return losses.length > 0 ? losses : metrics.slice(0, 4);
}

function curvesOf(metrics: ReadonlyMap<string, readonly Point[]>, names: readonly string[]): Figure | undefined {
  const series = names.flatMap((name) => {
    const points = ascending(metrics.get(name) ?? []);
    if (!points.some(({ value }) => Number.isFinite(value))) return [];
    return [{ name, step: points.map(({ step }) => step), value: points.map(({ value }) => value) }];
  });
  if (series.length === 0) return undefined;
  const words = new Set(series.map(({ name }) => name.slice(name.lastIndexOf(".") + 1)));
  return trainingCurves(series, { yLabel: words.size === 1 ? [...words][0] : "value", xLabel: "step" });
}

/** A value logged again for the same step, or for an earlier one, replaces what was there. */
function ascending(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    while (kept.length > 0 && kept[kept.length - 1].step >= point.step) kept.pop();
    kept.push(point);
  }
  return kept;
}

function weightsOf({ entries, names, steps, rows }: WeightHistory): Figure | undefined {
  if (steps.length === 0) return undefined;
  if (entries <= MOST_LINES) {
    const values = names.map((_, k) => rows.map((row) => row[k]));
    return alphaOverTime({ names, steps, values }, { xLabel: "step" });
  }
  const values = FRACTIONS.map((_, q) => rows.map((row) => row[q]));
  const mean = rows.map((row) => row[FRACTIONS.length]);
  return weightFan({ entries, steps, fractions: FRACTIONS, values, mean }, { xLabel: "step" });
}
