import { z } from "zod";
import { parseOptions } from "../core/check.js";

const loading = {
  images: z.enum(["check", "ignore"]).optional(),
  imageRoot: z.string().optional(),
  quiet: z.boolean().optional(),
};

const trainOptions = z.strictObject({ ...loading, domains: z.array(z.string()).optional() });

const solutionOptions = z.strictObject({
  ...loading,
  withoutSteps: z.enum(["one-step", "skip"]).optional(),
  domain: z.string().optional(),
  afterError: z.enum(["wrong", "unlabelled"]).optional(),
  neutral: z.enum(["unlabelled", "right", "wrong"]).optional(),
  outcome: z.enum(["last-step", "every-step", "answer"]).optional(),
});

/** @throws TypeError naming unknown and ill-typed options */
export function checkTrainOptions(options: object, caller: string): void {
  parseOptions(trainOptions, options, caller);
}

/** @throws TypeError naming unknown and ill-typed options */
export function checkSolutionOptions(options: object, caller: string): void {
  parseOptions(solutionOptions, options, caller);
}
