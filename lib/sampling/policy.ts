import { apiKey } from "./apiKey.js";
import { openBudget, type Spent } from "./budget.js";
import { checkPolicyOptions, type PolicyOptions } from "./policyOptions.js";
import { loadMessages, type Message, type Request, requestKey, type Sampling } from "./prompt.js";
import { type Completion, openRequestCache } from "./requestCache.js";
import { openSender } from "./sender.js";

/** What has come from the cache and what from the endpoint since the policy was opened. */
export interface PolicyUsage extends Spent {
  readonly cached: number;
  readonly received: number;
}

/** A model behind an endpoint, with a cache before it. */
export interface Policy {
  readonly model: string;
  /** requests under way at once */
  readonly concurrency: number;
  /** what was mended when the cache was opened */
  readonly notes: readonly string[];
  /**
   * Completions 0 … samples − 1 of a prompt. Those in the cache are taken from there, the others asked for and stored.
   *
   * @param options  `samples`, and what differs from the policy's: sampling parameters, the model on the same endpoint
   * @throws BudgetError, StoppedError or EndpointError; what has come until then stays in the cache
   */
  complete(
    messages: readonly Message[],
    options: Sampling & { samples: number; model?: string },
  ): Promise<Completion[]>;
  usage(): PolicyUsage;
  /** Sends nothing more; what is under way still comes in, everything else ends with a StoppedError. */
  stop(): void;
  /** Waits for what is under way, and gives the cache free. */
  close(): Promise<void>;
}

const OPENAI = "https://api.openai.com/v1";

/**
 * Opens a policy model on any OpenAI-compatible endpoint (OpenAI, vLLM, Ollama, llama.cpp, transformers serve).
 *
 * Every completion is stored under its content before it is counted, so a job that was interrupted, by kill −9 too, sends
 * only what is missing. The most that a request can cost is set aside before it is sent, so a budget is never exceeded:
 * input tokens are bounded by the prompt's bytes, output tokens by `maxTokens`, which a budget in tokens or money needs.
 *
 * @example
 * const policy = await openPolicy({ model: "qwen3", baseUrl: "http://localhost:8000/v1", cache: "cache", temperature: 1 });
 * const texts = await policy.complete([{ role: "user", text: "What is 6 · 7?" }], { samples: 4 });
 * await policy.close();
 *
 * @throws TypeError naming unknown and ill-typed options; Error where the key is missing or the cache is in use
 */
export async function openPolicy(options: PolicyOptions): Promise<Policy> {
  const checked = checkPolicyOptions(options);
  const { model, api = "chat", concurrency = 8, timeoutMs = 600_000, imageTokens = 16_384, budget, prices } = checked;
  const baseUrl = checked.baseUrl ?? (process.env["OPENAI_BASE_URL"] || OPENAI);
  // here and not above: its libraries take a third of a second, which no other command needs
  const { openEndpoint } = await import("./endpoint.js");
  const endpoint = openEndpoint({ baseUrl, key: apiKey(checked.apiKeyEnv ?? "OPENAI_API_KEY", baseUrl), timeoutMs });
  const cache = await openRequestCache(checked.cache);
  const ledger = await openBudget(checked.cache, {
    ...(budget && { limits: budget }),
    ...(prices && { prices }),
  }).catch((error: unknown) => {
    cache.close();
    throw error;
  });
  const { temperature, topP, reasoningEffort, seed, stop, maxTokens, extraBody } = checked;
  const defaults = { temperature, topP, reasoningEffort, seed, stop, maxTokens, extraBody };
  const sender = openSender({ endpoint, cache, ledger, concurrency, retry: checked.retry ?? {}, imageTokens });
  const busy = new Map<string, Promise<unknown>>();
  let [cached, closed] = [0, false];

  return {
    model,
    concurrency,
    notes: cache.notes,
    async complete(messages, { samples, ...overrides }) {
      const request = { api, model, ...defaults, ...overrides, messages: await loadMessages(messages) } as Request;
      const key = requestKey(request);
      // the same prompt twice at once: the second finds in the cache what the first has paid for
      const turn = (busy.get(key) ?? Promise.resolve())
        .catch(() => undefined)
        .then(async () => {
          const missing = Array.from({ length: samples }, (_, i) => i).filter((i) => !cache.has(key, i));
          cached += samples - missing.length;
          await sender.fetch(request, key, missing);
        });
      busy.set(key, turn);
      await turn.finally(() => busy.get(key) === turn && busy.delete(key));
      return Array.from({ length: samples }, (_, i) => cache.get(key, i) as Completion);
    },
    usage: () => ({ ...ledger.spent(), cached, received: sender.received() }),
    stop: () => sender.stop(),
    async close() {
      if (closed) return;
      closed = true;
      sender.stop();
      await Promise.allSettled(busy.values());
      ledger.close();
      cache.close();
    },
  };
}
