import { noteAbove } from "./labels.js";
import { padded } from "./scales.js";
import { okabeIto } from "./theme.js";
import type { Figure, Json, Trace } from "./types.js";

interface Moved {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What moved most between two steps, as `alphaMovement` gives it. */
export interface WeightMoves<M extends Moved = Moved> {
  readonly fromStep: number;
  readonly toStep: number;
  /** the largest first */
  readonly increases: readonly M[];
  /** the largest first */
  readonly decreases: readonly M[];
}

export interface WeightMovementOptions<M extends Moved> {
  /** Rows of each kind, defaults to 5. */
  readonly n?: number;
  /** What stands at an entry's row, defaults to its name; cut after 28 characters. */
  readonly label?: (entry: M) => string;
  /** Defaults to "weight (1 = unweighted)". */
  readonly xLabel?: string;
}

const LONGEST = 28;

/**
 * The entries whose weights moved most, a row each: from the ring to the arrow. Increases on top.
 *
 * @throws RangeError where nothing moved
 * @example weightMovement(alphaMovement(await record.weights(), 0, 400))
 */
export function weightMovement<M extends Moved>(
  { fromStep, toStep, increases, decreases }: WeightMoves<M>,
  { n = 5, label = ({ name }) => name, xLabel = "weight (1 = unweighted)" }: WeightMovementOptions<M> = {},
): Figure {
  const [grown, fallen] = [increases.slice(0, n), decreases.slice(0, n)];
  const rows = [...grown, ...fallen.reverse()].reverse(); // the largest increase on top, the largest decrease below
  if (rows.length === 0) throw new RangeError(`weightMovement: no weight moved from step ${fromStep} to ${toStep}`);
  const rowOf = new Map(rows.map((entry, row) => [entry, row]));
  const moves = (own: readonly M[], color: string, symbol: string, dash: string): Trace[] => {
    if (own.length === 0) return [];
    const y = own.map((entry) => rowOf.get(entry) as number);
    const dots = (name: string, x: number[], marker: Json): Trace => ({
      ...{ type: "scatter", mode: "markers", name, x, y, marker, showlegend: false },
    });
    const paths: Trace = {
      ...{ type: "scatter", mode: "lines", showlegend: false, hoverinfo: "skip", line: { color, dash } },
      x: own.flatMap(({ from, to }) => [from, to, null]),
      y: y.flatMap((row) => [row, row, null]),
    };
    const ring = { color: "#FFF", symbol: "circle", line: { color, width: 1 } };
    return [
      paths,
      dots(`step ${fromStep}`, own.map(({ from }) => from), ring), // prettier-ignore
      dots(`step ${toStep}`, own.map(({ to }) => to), { color, symbol }), // prettier-ignore
    ];
  };
  return {
    data: [
      ...moves(grown, okabeIto[0], "triangle-right", "solid"),
      ...moves(fallen, okabeIto[1], "triangle-left", "dot"),
    ],
    layout: {
      xaxis: { title: { text: xLabel }, range: padded(rows.flatMap(({ from, to }) => [from, to])), showgrid: true },
      yaxis: {
        tickmode: "array",
        tickvals: rows.map((_, row) => row),
        ticktext: rows.map((entry) => shortened(label(entry))),
        ticks: "",
        range: [-0.6, rows.length - 0.4],
        showgrid: false,
      },
      shapes: [{ type: "line", x0: 1, x1: 1, yref: "paper", y0: 0, y1: 1, layer: "below", line: { dash: "dot" } }],
      annotations: [noteAbove(`from step ${fromStep} (ring) to step ${toStep} (arrow)`)],
      hovermode: "closest",
    },
    alt: `Weights that moved most from step ${fromStep} to ${toStep}: ${[...rows]
      .reverse()
      .map((entry) => `${entry.name} from ${entry.from.toPrecision(3)} to ${entry.to.toPrecision(3)}`)
      .join("; ")}.`,
  };
}

const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
