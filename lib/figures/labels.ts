import type { Json } from "./types.js";

/** Text on two lines where it is long and has a space to break at. */
export function twoLines(text: string, longest: number): string {
  const middle = text.length / 2;
  const spaces = [...text.matchAll(/ /g)].map((match) => match.index);
  if (text.length <= longest || spaces.length === 0) return text;
  const at = spaces.reduce((best, i) => (Math.abs(i - middle) < Math.abs(best - middle) ? i : best));
  return `${text.slice(0, at)}<br>${text.slice(at + 1)}`;
}

/** A line of text above the plot's left edge: what the figure needs said besides its axes. */
export const noteAbove = (text: string): Json => ({
  text,
  xref: "paper",
  x: 0,
  xanchor: "left",
  yref: "paper",
  y: 1,
  yanchor: "bottom",
  yshift: 3,
});

/** Length of the line from the plot's edge to a label, px. */
export const LABEL_GAP = 12;
/** Share of the plot's height that a label needs at the smallest size in use (a 3.25 in column). */
const LABEL_SHARE = 0.082;
/** The same below a legend. */
export const LABEL_SHARE_BELOW_LEGEND = 0.12;

/**
 * Labels right of the plot, each tied by a thin line to the end of its curve at the right edge.
 * Moved apart so that none covers another, in the order of the curves, so that no two ties cross.
 *
 * @param ends   where the curves end, y in data units
 * @param range  the y axis, [bottom, top]
 * @param share  of the plot's height for a line of text
 */
export function endLabels(
  ends: readonly { text: string; y: number; color: string }[],
  range: readonly [number, number],
  share = LABEL_SHARE,
): Json[] {
  const [bottom, top] = range;
  const order = [...ends].sort((a, b) => a.y - b.y);
  const lines = Math.max(...order.map(({ text }) => text.split("<br>").length));
  const fractions = apart(
    order.map(({ y }) => (y - bottom) / (top - bottom)),
    share * lines,
  );
  return order.map(({ text, y, color }, i) => ({
    text,
    font: { color },
    xref: "paper",
    x: 1,
    xanchor: "left",
    yref: "y",
    y,
    yanchor: "middle",
    align: "left",
    showarrow: true,
    arrowcolor: color,
    axref: "pixel",
    ax: LABEL_GAP,
    ayref: "y",
    ay: bottom + fractions[i] * (top - bottom),
    borderpad: 1,
  }));
}

/**
 * Positions in [0, 1] at least `gap` apart (less where they do not fit) and as near as possible to the wanted ones:
 * neighbours that touch are joined into blocks around their mean.
 *
 * @param wanted  ascending, [n]
 */
export function apart(wanted: readonly number[], gap: number): number[] {
  const step = Math.min(gap, 1 / Math.max(1, wanted.length - 1));
  type Block = { start: number; members: number[] };
  const place = (members: number[]): number => {
    const ideal = members.reduce((sum, w, i) => sum + w - i * step, 0) / members.length;
    return Math.max(0, Math.min(1 - (members.length - 1) * step, ideal));
  };
  const blocks: Block[] = [];
  for (const w of wanted) {
    let block: Block = { start: place([w]), members: [w] };
    for (
      let before = blocks.at(-1);
      before && before.start + before.members.length * step > block.start;
      before = blocks.at(-1)
    ) {
      const members = [...before.members, ...block.members];
      block = { start: place(members), members };
      blocks.pop();
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ start, members }) => members.map((_, i) => start + i * step));
}

/** Room that a label at a point takes, in shares of the plot at the smallest size in use. */
const CHARACTER_SHARE = 0.019;
const places = {
  "middle right": [1, 0],
  "middle left": [-1, 0],
  "top center": [0, 1],
  "bottom center": [0, -1],
  "top right": [1, 0.8],
  "bottom right": [1, -0.8],
  "top left": [-1, 0.8],
  "bottom left": [-1, -0.8],
} as const;

interface Box {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** A label over a label is unreadable, one over an error bar is not. */
const LABEL_COST = 4;

/**
 * Where each point's text goes (Plotly's `textposition`): the places that together cover the least of each other, of
 * the points and of the plot's edges; one by one first, then two at a time while that helps.
 *
 * @param points  positions as shares of the plot, [0, 1]², and half the lengths of their error bars
 */
export function textPositions(points: readonly { text: string; x: number; y: number; spread: number }[]): string[] {
  const dots = points.map(({ x, y, spread }): Box => {
    const half = Math.max(0.03, spread);
    return { x0: x - 0.02, x1: x + 0.02, y0: y - half, y1: y + half };
  });
  const candidates = points.map(({ text, x, y }) =>
    Object.entries(places).map(([place, [dx, dy]]) => {
      const [w, h] = [text.length * CHARACTER_SHARE, LABEL_SHARE];
      const [cx, cy] = [x + dx * (w / 2 + 0.025), y + dy * (h / 2 + 0.03)];
      const box = { x0: cx - w / 2, x1: cx + w / 2, y0: cy - h / 2, y1: cy + h / 2 };
      const outside = area(box) - overlap(box, { x0: 0, x1: 1, y0: 0, y1: 1 });
      return { place, box, cost: 3 * outside + dots.reduce((sum, dot) => sum + overlap(box, dot), 0) };
    }),
  );
  type Candidate = (typeof candidates)[number][number];
  const chosen: Candidate[] = [];
  const against = (candidate: Candidate, without: readonly number[]): number =>
    chosen.reduce(
      (sum, other, i) => (without.includes(i) ? sum : sum + LABEL_COST * overlap(candidate.box, other.box)),
      candidate.cost,
    );
  for (const [i, own] of candidates.entries()) {
    chosen[i] = least(own.map((candidate) => ({ value: candidate, cost: against(candidate, [i]) })));
  }
  for (let round = 0; round < ROUNDS; round++) {
    const before = [...chosen];
    for (let i = 0; i < points.length; i++) {
      for (let k = i + 1; k < points.length; k++) {
        const both = [i, k];
        // what stands there now comes first, so that it stays unless another pair is better
        const [first, second] = both.map((n) =>
          [chosen[n], ...candidates[n]].map((value) => ({ value, cost: against(value, both) })),
        );
        const pairs = first.flatMap((a) =>
          second.map((b) => ({
            value: [a.value, b.value],
            cost: a.cost + b.cost + LABEL_COST * overlap(a.value.box, b.value.box),
          })),
        );
        [chosen[i], chosen[k]] = least(pairs);
      }
    }
    if (chosen.every((candidate, i) => candidate === before[i])) break;
  }
  return chosen.map(({ place }) => place);
}

const ROUNDS = 5;

/** The first of the cheapest. */
function least<T>(list: readonly { readonly value: T; readonly cost: number }[]): T {
  return list.reduce((best, one) => (one.cost < best.cost - 1e-9 ? one : best)).value;
}

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0)) * Math.max(0, Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0));
const area = (b: Box): number => (b.x1 - b.x0) * (b.y1 - b.y0);
