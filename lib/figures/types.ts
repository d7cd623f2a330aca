/** What may stand in a Plotly spec: JSON, so that a figure can be stored, sent and shown anywhere. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One Plotly trace. The attributes used most are named; all others are JSON. */
export interface Trace {
  readonly type: "scatter" | "bar";
  readonly name?: string;
  readonly x: readonly (number | string | null)[];
  readonly y: readonly (number | string | null)[];
  readonly [attribute: string]: Json;
}

/** A Plotly layout without sizes and fonts; those come from the venue when the figure is drawn. */
export interface Layout {
  readonly [attribute: string]: Json;
}

/**
 * A figure is plain data: a Plotly spec plus one sentence that says what it shows
 * (alternative text for screen readers, and the description inside an exported file).
 */
export interface Figure {
  readonly data: readonly Trace[];
  readonly layout: Layout;
  readonly alt: string;
}

/** Size of a drawn figure; all lengths in CSS px (1 in = 96 px, 1 pt = 4/3 px). */
export interface FigureSize {
  readonly width: number;
  readonly height: number;
  /** Axis titles. */
  readonly font: number;
  /** Tick labels, legend and labels inside the plot. */
  readonly tick: number;
  /** Width of data lines. */
  readonly line: number;
}
