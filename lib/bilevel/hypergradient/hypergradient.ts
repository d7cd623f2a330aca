import { z } from "zod";
import { parseOptions } from "../../core/check.js";
import type { Params } from "../../core/tree.js";
import type { InnerMemory } from "../innerLoop.js";
import { conjugateGradient } from "./conjugateGradient.js";
import { darts } from "./darts.js";
import { dot } from "./dot.js";
import { implicit } from "./implicit.js";
import { neumann } from "./neumann.js";
import type { HypergradientPoint } from "./point.js";
import { sama } from "./sama.js";
import { unrolled } from "./unrolled.js";

const above0 = z.number().positive();
const count = z.int().nonnegative();
const options = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("darts"), radius: above0.optional() }),
  z.strictObject({ method: z.literal("dot") }),
  z.strictObject({ method: z.literal("sama"), radius: above0.optional() }),
  z.strictObject({ method: z.literal("neumann"), terms: count.optional(), stepSize: above0.optional() }),
  z.strictObject({
    method: z.literal("conjugateGradient"),
    iterations: count.optional(),
    damping: z.number().nonnegative().optional(),
  }),
  /** states: every one is stored, or every √T-th stored and the others computed again; defaults to "store" */
  z.strictObject({ method: z.literal("unrolled"), states: z.enum(["store", "recompute"]).optional() }),
  z.strictObject({ method: z.literal("implicit"), damping: z.number().nonnegative().optional() }),
]);

/** How the derivative of L_upper through φ*(α) is taken; a value, so that methods can be compared. */
export type HypergradientOptions = Readonly<z.infer<typeof options>>;
export type HypergradientMethod = HypergradientOptions["method"];
export const hypergradientMethods: readonly HypergradientMethod[] = options.options.map(
  ({ shape }) => shape.method.value,
);

/** @throws TypeError naming unknown and ill-typed options */
export function checkHypergradient(value: unknown): HypergradientOptions {
  return parseOptions(options, value, "hypergradient");
}

/** The indirect part of ∇_α L_upper(φ*(α), α); the caller disposes it. */
export function hypergradient<L>(options: HypergradientOptions, point: HypergradientPoint<L>): Params {
  switch (options.method) {
    case "darts":
      return darts(point, options);
    case "dot":
      return dot(point);
    case "sama":
      return sama(point, options);
    case "neumann":
      return neumann(point, options);
    case "conjugateGradient":
      return conjugateGradient(point, options);
    case "unrolled":
      return unrolled(point);
    case "implicit":
      return implicit(point, options);
  }
}

/** What a method needs of the inner loop; undefined: nothing. */
export function innerMemory(options: HypergradientOptions, unrollSteps: number): InnerMemory | undefined {
  switch (options.method) {
    case "sama":
      return { updates: 1, every: 1, gradients: true };
    case "unrolled":
      return {
        updates: Infinity,
        every: options.states === "recompute" ? Math.ceil(Math.sqrt(unrollSteps)) : 1,
        gradients: false,
      };
    default:
      return undefined;
  }
}
