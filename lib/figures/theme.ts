import { LABEL_GAP, twoLines } from "./labels.js";
import type { Figure, FigureSize, Json, Layout } from "./types.js";

const PX_PER_INCH = 96;
const PX_PER_POINT = 4 / 3;
/** Mean width of a character of Arimo in units of the font size. */
export const CHARACTER_WIDTH = 0.54;

/** Okabe and Ito's palette, told apart with any colour vision; without its yellow, which is weak on white. */
export const okabeIto = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00"] as const;
const dashes = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"] as const;
const symbols = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star"] as const;
const patterns = ["", "/", "\\", "x", "-", "|"] as const;

/** How the i-th thing of a figure is drawn: never told by its colour alone. */
export function mark(i: number): { color: string; dash: string; symbol: string; pattern: string } {
  const pick = <T>(list: readonly T[]): T => list[i % list.length];
  return { color: pick(okabeIto), dash: pick(dashes), symbol: pick(symbols), pattern: pick(patterns) };
}

/** Vermillion (0) through grey to blue (1), for values on a known scale. */
export function scaleColor(fraction: number): string {
  const stops = [
    [0xd5, 0x5e, 0x00],
    [0x8a, 0x8a, 0x8a],
    [0x00, 0x72, 0xb2],
  ] as const;
  const t = Math.min(1, Math.max(0, fraction)) * 2;
  const [from, to] = t < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]];
  return rgb(from.map((c, i) => c + ((to[i] as number) - c) * (t % 1 || (t === 2 ? 1 : 0))));
}

const rgb = (c: readonly number[]): string => "#" + c.map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");

/** The colour with an opacity, as CSS. */
export function faded(hex: string, opacity: number): string {
  const channel = (i: number): number => parseInt(hex.slice(i, i + 2), 16);
  return `rgba(${channel(1)},${channel(3)},${channel(5)},${opacity})`;
}

/** Column and full text width in inches; font sizes of axis titles and of ticks in points. */
const venues = {
  neurips: { column: 5.5, full: 5.5, font: 9, tick: 7 },
  iclr: { column: 5.5, full: 5.5, font: 9, tick: 7 },
  icml: { column: 3.25, full: 6.75, font: 8, tick: 6 },
  aistats: { column: 3.25, full: 6.75, font: 9, tick: 7 },
  uai: { column: 3.25, full: 6.75, font: 9, tick: 7 },
  cvpr: { column: 3.25, full: 6.875, font: 8, tick: 6 },
  aaai: { column: 3.3, full: 6.975, font: 9, tick: 7 },
  acl: { column: 3.03, full: 6.3, font: 9, tick: 7 },
  ieee: { column: 3.5, full: 7.16, font: 8, tick: 8 },
  tmlr: { column: 6.5, full: 6.5, font: 9, tick: 9 },
  jmlr: { column: 6, full: 6, font: 9, tick: 9 },
  eccv: { column: 4.8, full: 4.8, font: 9, tick: 9 },
} as const;

export type Venue = keyof typeof venues;
export type VenueWidth = "column" | "full";

/** Size on a screen or in a notebook. */
export const screenSize: FigureSize = { width: 680, height: 400, font: 14, tick: 12, line: 1.8 };

/**
 * Size of a figure in a venue's paper: lines 1 pt, height 0.618 × width unless told.
 *
 * @param height inches
 * @throws RangeError for an unknown venue or width, or a height that is not positive
 */
export function venueSize(venue: Venue, width: VenueWidth = "column", height?: number): FigureSize {
  if (!Object.hasOwn(venues, venue)) {
    throw new RangeError(`venue is "${venue}"; known venues: ${Object.keys(venues).join(", ")}`);
  }
  const { column, full, font, tick } = venues[venue];
  if (width !== "column" && width !== "full")
    throw new RangeError(`width is "${String(width)}"; use "column" or "full"`);
  if (height !== undefined && !(height > 0 && height <= 20)) {
    throw new RangeError(`height is ${height}; give inches between 0 and 20`);
  }
  const inches = width === "column" ? column : full;
  return {
    width: inches * PX_PER_INCH,
    height: (height ?? 0.618 * inches) * PX_PER_INCH,
    font: font * PX_PER_POINT,
    tick: tick * PX_PER_POINT,
    line: PX_PER_POINT,
  };
}

/** The figure as Plotly draws it: with sizes, fonts and line widths filled in where the figure has none. */
export function themed(figure: Figure, size: FigureSize): { data: Figure["data"]; layout: Layout } {
  const { width, height, font, tick, line } = size;
  const hair = line / 2;
  const outer = outerText(figure.layout, tick);
  const axis = {
    automargin: true,
    showline: true,
    linewidth: hair,
    linecolor: "#000",
    zeroline: false,
    ticks: "outside",
    ticklen: tick * 0.35,
    tickwidth: hair,
    tickcolor: "#000",
    tickfont: { size: tick },
    title: { font: { size: font }, standoff: tick * 0.6 },
    gridcolor: "#E6E6E6",
    gridwidth: hair,
  };
  const errorBars = { thickness: line * 0.75, width: tick * 0.3 };
  const template: Json = {
    data: {
      scatter: [{ line: { width: line }, marker: { size: tick * 0.55 }, textfont: { size: tick }, error_y: errorBars }],
      bar: [{ marker: { line: { width: hair, color: "#000" } }, error_y: errorBars }],
    },
    layout: {
      font: { family: "Arimo, Arial, Helvetica, sans-serif", size: font, color: "#000" },
      paper_bgcolor: "#FFF",
      plot_bgcolor: "#FFF",
      xaxis: { ...axis, showgrid: false },
      yaxis: axis,
      annotationdefaults: { font: { size: tick }, showarrow: false, arrowhead: 0, arrowwidth: hair },
      shapedefaults: { line: { width: hair, color: "#666" } },
      legend: {
        orientation: "h",
        x: 0,
        xanchor: "left",
        y: 1.02,
        yanchor: "bottom",
        font: { size: tick },
        title: { font: { size: tick } },
        itemwidth: 30,
        bgcolor: "rgba(255,255,255,0)",
      },
      margin: { l: tick * 0.5, r: outer.right, t: outer.top, b: tick * 0.5, pad: 0 },
      hoverlabel: { font: { size: tick } },
    },
  };
  return {
    data: figure.data,
    layout: { ...figure.layout, ...wrappedTitles(figure.layout, size), template, width, height },
  };
}

/** Axis titles on two lines where they are longer than the plot is sure to be: Plotly cuts them at the page. */
function wrappedTitles(layout: Layout, { width, height, font }: FigureSize): Layout {
  const longest = { x: (0.62 * width) / (CHARACTER_WIDTH * font), y: (0.75 * height) / (CHARACTER_WIDTH * font) };
  const wrapped = Object.entries(layout).flatMap(([name, axis]) => {
    const direction = /^([xy])axis/.exec(name)?.[1] as "x" | "y" | undefined;
    const { title, ...rest } = (direction ? axis : {}) as { readonly title?: { readonly text: string } };
    if (!direction || !title) return [];
    return [[name, { ...rest, title: { ...title, text: twoLines(title.text, longest[direction]) } }] as const];
  });
  return Object.fromEntries(wrapped);
}

type Annotation = { text: string; x: number; xref: string; xanchor: string; yref: string; yanchor: string };

/** Room for text above the plot and for labels right of it: Plotly reserves none for annotations. */
function outerText(layout: Layout, tick: number): { right: number; top: number } {
  const annotations = (layout["annotations"] ?? []) as readonly Annotation[];
  const right = annotations.filter((a) => a.xref === "paper" && a.x === 1 && a.xanchor === "left");
  const above = annotations.some((a) => a.yref === "paper" && a.yanchor === "bottom");
  const lines = right.flatMap((a) => a.text.split("<br>"));
  const longest = Math.max(0, ...lines.map((line) => line.length));
  return {
    right: right.length > 0 ? LABEL_GAP + (longest * CHARACTER_WIDTH + 0.8) * tick : tick,
    top: above ? tick * 2 : tick * 0.9,
  };
}
