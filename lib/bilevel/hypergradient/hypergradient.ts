import type { Params } from "../../core/tree.js";
import { darts } from "./darts.js";
import { dot } from "./dot.js";
import type { HypergradientPoint } from "./point.js";

export type HypergradientOptions = { readonly method: "darts"; readonly radius?: number } | { readonly method: "dot" };

/** The indirect part of ∇_α L_upper(φ*(α), α); the caller disposes it. */
export function hypergradient<L>(options: HypergradientOptions, point: HypergradientPoint<L>): Params {
  switch (options.method) {
    case "darts":
      return darts(point, options);
    case "dot":
      return dot(point);
  }
}
