import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import type { Params } from "../core/tree.js";
import { activate, checkBounds, weightActivation } from "./activation.js";
import { normalisation, normalise } from "./normalisation.js";
import type { Weighting } from "./weighting.js";

const options = z.strictObject({
  rows: z.int().positive(),
  names: z.array(z.string()).optional(),
  activation: weightActivation.optional(),
  initialization: z.number().optional(),
  normalise: normalisation.optional(),
  lazy: z.boolean().optional(),
});

export type InstanceTableOptions = Readonly<z.infer<typeof options>>;

/**
 * One weight per training row: w_n = A(r_n), all r_n alike at the start.
 *
 * DreamPRM-1.5 (Instance Table); α is `{ raw }`, [N].
 * Differs: weights stay in bounds by projection unless `activation: "clip"` asks for the published code's clamping, and
 * an update touches the batch's rows only (`lazy`), where the published AdamW keeps moving all the others.
 *
 * @param rows            N, rows of the training set
 * @param names           of the rows in records, such as their ids; defaults to 0 … N−1
 * @param activation      A; defaults to projection onto [0, 2]
 * @param initialization  r at the start; defaults to 1
 * @param normalise       defaults to "none"
 * @param lazy            defaults to true; false updates the whole table at every step
 */
export function instanceTable(given: InstanceTableOptions): Weighting {
  const {
    rows,
    names,
    activation = { activation: "projected", min: 0, max: 2 },
    initialization = 1,
    normalise: kind = "none",
    lazy = true,
  } = parseOptions(options, given, "instanceTable");
  checkBounds(activation, "instanceTable");
  if (names && names.length !== rows) throw new RangeError(`instanceTable: ${names.length} names for ${rows} rows`);
  const weightOf = (raw: tf.Tensor) => activate(activation, raw as tf.Tensor1D);
  return {
    kind: "instance-table",
    init: () => ({ raw: tf.fill([rows], initialization) }),
    apply: ({ raw }, { row_B, target_B }) =>
      tf.tidy(() => {
        const weight_B = weightOf(lazy ? raw : tf.gather(raw, row_B));
        return normalise(kind, weight_B, target_B);
      }),
    ...(lazy && { lazy: "raw" }),
    names: names ?? Array.from({ length: rows }, (_, n) => String(n)),
    vector: ({ raw }) => tf.tidy(() => weightOf(raw)),
    ...(activation.activation === "projected" && {
      project: ({ raw, ...rest }: Params) => ({
        ...rest,
        raw: tf.clipByValue(raw, activation.min, activation.max),
      }),
    }),
  };
}
