import { z } from "zod";
import type { ResourceOptions } from "./resources.js";

/** How a process writes a run; each that resumes it decides anew. */
export interface RunOptions {
  /**
   * Each event is on the disk before `log` returns, so that a power failure loses none either. Slower by two orders of
   * magnitude; without it an event is with the operating system, which survives everything but a power failure.
   */
  readonly durable?: boolean;
  /**
   * What to do when the disk is full or not writable: "throw" (the default), or "warn" once, leave out what cannot be
   * written, count it in the record's problems and let the training go on; an end that cannot be written is tried again
   * when the process exits. `artifact` throws either way.
   */
  readonly onWriteError?: "throw" | "warn";
  /** the series of CPU and memory, kept as events of type "resources" */
  readonly resources?: ResourceOptions;
}

/** The schema of {@link RunOptions}, to be spread into that of a verb. */
export const runOptions = {
  durable: z.boolean().optional(),
  onWriteError: z.enum(["throw", "warn"]).optional(),
  resources: z
    .strictObject({
      everyMs: z.number().min(1).optional(),
      tensors: z.custom<() => number>((value) => typeof value === "function", "expected a function").optional(),
    })
    .optional(),
};
