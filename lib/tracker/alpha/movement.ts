import { ascendingOf, correlationOf, ranksOf } from "../../core/order.js";
import { type AlphaEntry, type EntryTexts, named, requireCount } from "./entries.js";
import { requireRow } from "./rows.js";
import { type AlphaSeries, snapshotAt } from "./series.js";

/** How one entry moved. */
export interface MovedEntry extends Omit<AlphaEntry, "weight"> {
  readonly from: number;
  readonly to: number;
  /** to − from, as a float32 */
  readonly change: number;
  /** 1 = heaviest; equal weights share the mean of their ranks */
  readonly fromRank: number;
  readonly toRank: number;
}

/** How K weights w moved to w′. */
export interface AlphaMovement {
  /** of the snapshots compared */
  readonly fromStep: number;
  readonly toStep: number;
  /** Σ |w′ − w| */
  readonly l1: number;
  /** √(Σ (w′ − w)²) */
  readonly l2: number;
  /** entries whose weight grew, fell, stayed */
  readonly grown: number;
  readonly fallen: number;
  readonly same: number;
  /** Spearman's correlation of w and w′: 1 when no two entries changed places; undefined when either is constant */
  readonly rankCorrelation?: number;
  /** the largest increases, the largest first */
  readonly increases: readonly MovedEntry[];
  /** the largest decreases, the largest first */
  readonly decreases: readonly MovedEntry[];
}

/**
 * What changed between two steps; of each the snapshot at or before it.
 *
 * @param options.n      increases and decreases listed; defaults to 10
 * @param options.texts  what each entry stands for
 * @throws RangeError where a step has no snapshot, or a weight is not finite
 * @example const { increases } = alphaMovement(await record.weights(), 0, 400, { texts: rowTexts(train) });
 */
export function alphaMovement(
  series: AlphaSeries,
  fromStep: number,
  toStep: number,
  { n = 10, texts }: { n?: number; texts?: EntryTexts } = {},
): AlphaMovement {
  requireCount(n, "alphaMovement");
  const [first, second] = [fromStep, toStep].map((step) => {
    const at = series.steps[snapshotAt(series.steps, step)];
    const row = requireRow(series, step, "alphaMovement");
    return { at, row, rank: ranksOf(ascendingOf(row)) };
  });
  const [from, to] = [first.row, second.row];
  const change = new Float32Array(from.length);
  let [l1, squares, grown, fallen] = [0, 0, 0, 0];
  for (let k = 0; k < from.length; k++) {
    const moved = to[k] - from[k];
    change[k] = moved;
    l1 += Math.abs(moved);
    squares += moved * moved;
    if (moved > 0) grown++;
    if (moved < 0) fallen++;
  }
  const entry = (k: number): MovedEntry => ({
    ...named(series, k, texts),
    from: from[k],
    to: to[k],
    change: change[k],
    fromRank: from.length + 1 - first.rank[k],
    toRank: from.length + 1 - second.rank[k],
  });
  const listed = (order: Uint32Array, count: number) => Array.from(order.subarray(0, Math.min(n, count)), entry);
  const rankCorrelation = correlationOf(first.rank, second.rank);
  return {
    fromStep: first.at,
    toStep: second.at,
    l1,
    l2: Math.sqrt(squares),
    grown,
    fallen,
    same: from.length - grown - fallen,
    ...(rankCorrelation !== undefined && { rankCorrelation }),
    increases: listed(ascendingOf(change.map((c) => -c)).order, grown),
    decreases: listed(ascendingOf(change).order, fallen),
  };
}
