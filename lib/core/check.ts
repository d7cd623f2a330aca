/**
 * Shape suffixes of tensors inside functions: B batch, S steps, L tokens, F features, K domains, N candidates,
 * H hidden. `logit_BS` is a matrix of logits, one row per solution, one column per step.
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { ZodType } from "zod";

/** @throws RangeError naming both shapes when they differ */
export function sameShape(what: string, a: tf.Tensor, b: tf.Tensor): void {
  if (a.shape.length !== b.shape.length || a.shape.some((size, i) => size !== b.shape[i])) {
    throw new RangeError(`${what}: shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}] differ`);
  }
}

/** Parses options at a border: unknown, missing and ill-typed ones are all named in one error. */
export function parseOptions<T>(schema: ZodType<T>, options: unknown, what: string): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const path = issue.path.join(".");
    const value = issue.path.reduce<unknown>(
      (v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key],
      options,
    );
    return `  ${path === "" ? "" : `${path}: `}${issue.message}${path === "" ? "" : `, got ${JSON.stringify(value)}`}`;
  });
  throw new TypeError(`${what}:\n${lines.join("\n")}`);
}
