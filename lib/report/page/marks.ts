import { s } from "./dom.js";
import type { Scale, ScaleKind } from "./scale.js";

/** How the i-th thing is drawn: its colour, and past the seven colours another dash. */
export const look = (i: number): string => `c${i % 7} d${i % 6}`;

export interface Line {
  readonly label: string;
  /** of {@link look} */
  readonly look: string;
  /** ascending, [n] */
  readonly steps: readonly number[];
  /** [n]; null: nothing there; what is not finite is a gap with a mark */
  readonly values: readonly (number | null)[];
  /** drawn below the others, and left out of the readout */
  readonly faint?: boolean;
  readonly areas?: readonly { readonly low: readonly number[]; readonly high: readonly number[] }[];
  /** written at the line's end */
  readonly end?: string;
}

export interface Plot {
  /** what stands on the y axis, and names the plot to screen readers */
  readonly title: string;
  readonly lines: readonly Line[];
  readonly kind: ScaleKind;
  readonly height: number;
  /** a value with a dotted line of its own */
  readonly reference?: number;
}

export interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The piece of line that stands for a look in legends and readouts. */
export function swatch(kind: string): SVGSVGElement {
  const line = s("path", { class: "curve", d: "M1 6H27" });
  return s("svg", { class: `swatch line ${kind}`, width: 28, height: 12, "aria-hidden": "true" }, line);
}
