import { z } from "zod";
import { parseOptions } from "../core/check.js";
import type { Limits, Prices } from "./budget.js";
import type { Api, Sampling } from "./prompt.js";
import type { RetryOptions } from "./retry.js";

export interface PolicyOptions extends Sampling {
  readonly model: string;
  /** folder of `completions.jsonl` and `ledger.jsonl`; one process at a time */
  readonly cache: string;
  /** defaults to $OPENAI_BASE_URL, else OpenAI's own */
  readonly baseUrl?: string;
  /** environment variable that holds the key; defaults to OPENAI_API_KEY */
  readonly apiKeyEnv?: string;
  /** defaults to "chat"; "responses" knows neither stop nor seed */
  readonly api?: Api;
  /** requests under way at once; defaults to 8 */
  readonly concurrency?: number;
  /** per attempt; defaults to 600 000 ms */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
  readonly budget?: Limits;
  readonly prices?: Prices;
  /** most tokens that the server makes of one image, for the budget; defaults to 16 384 */
  readonly imageTokens?: number;
}

const positive = z.number().positive();
const whole = z.int().min(1);
const schema = z.strictObject({
  model: z.string().min(1),
  cache: z.string().min(1),
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  apiKeyEnv: z.string().optional(),
  api: z.enum(["chat", "responses"]).optional(),
  concurrency: whole.optional(),
  timeoutMs: whole.optional(),
  retry: z.strictObject({ attempts: whole.optional(), pauseMs: z.number().min(0).optional() }).optional(),
  budget: z
    .strictObject({ money: positive.optional(), tokens: positive.optional(), requests: whole.optional() })
    .optional(),
  prices: z.strictObject({ input: z.number().min(0), output: z.number().min(0) }).optional(),
  imageTokens: whole.optional(),
  temperature: z.number().min(0).optional(),
  topP: z.number().positive().max(1).optional(),
  reasoningEffort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1)).optional(),
  maxTokens: whole.optional(),
  extraBody: z.record(z.string(), z.unknown()).optional(),
});

/** @throws TypeError naming unknown and ill-typed options, and those that cannot go together */
export function checkPolicyOptions(options: PolicyOptions): PolicyOptions {
  const checked = parseOptions(schema, options, "openPolicy") as PolicyOptions;
  const { budget, maxTokens, api, seed, stop, apiKeyEnv } = checked;
  if (apiKeyEnv !== undefined && !/^[A-Z_][A-Z0-9_]*$/.test(apiKeyEnv)) {
    // without the value, which may be a key
    throw new TypeError(
      "openPolicy: apiKeyEnv (--api_key_env) must be the name of an environment variable, in capitals",
    );
  }
  if ((budget?.tokens ?? budget?.money) !== undefined && maxTokens === undefined) {
    throw new TypeError(
      "openPolicy: a budget in tokens or money needs maxTokens (--max_tokens), which bounds a completion",
    );
  }
  if (api === "responses" && (seed !== undefined || stop !== undefined)) {
    throw new TypeError('openPolicy: the "responses" API knows neither seed nor stop; use "chat" (--api chat)');
  }
  return checked;
}
