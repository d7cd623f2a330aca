import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import type { Budget, Tokens } from "./budget.js";
import type { Endpoint } from "./endpoint.js";
import { EndpointError } from "./endpointError.js";
import type { Request } from "./prompt.js";
import type { RequestCache } from "./requestCache.js";
import { type RetryOptions, retryPause } from "./retry.js";

/** The policy was told to stop. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** Gets missing completions into the cache. */
export interface Sender {
  fetch(request: Request, key: string, missing: readonly number[]): Promise<void>;
  /** completions that it has got */
  received(): number;
  /** see `Policy.stop` */
  stop(): void;
}

/** what a chat template may add to a request, in tokens */
const TEMPLATE_TOKENS = 512;

export interface Sending {
  readonly endpoint: Endpoint;
  readonly cache: RequestCache;
  readonly ledger: Budget;
  readonly concurrency: number;
  readonly retry: RetryOptions;
  readonly imageTokens: number;
}

/** The one that sends: a limited number of requests at once, each within the budget, again after passing faults. */
export function openSender(options: Sending): Sender {
  const { endpoint, cache, ledger, concurrency, imageTokens } = options;
  const { attempts = 8, pauseMs = 1000 } = options.retry;
  const limit = pLimit(concurrency);
  const stopping = new AbortController();
  const { signal } = stopping;
  setMaxListeners(0, signal);
  let [received, restUntil, oneByOne] = [0, 0, false];
  let hopeless: EndpointError | undefined;

  /** one attempt; the number of completions that it has brought */
  async function attempt(request: Request, key: string, indices: readonly number[]): Promise<number> {
    await pause(restUntil - Date.now());
    if (hopeless) throw hopeless;
    const reserved = await ledger.reserve(bound(request, indices.length, imageTokens));
    if (signal.aborted) {
      reserved.settle({ input: 0, output: 0 }); // it was not sent
      throw new StoppedError("stopped");
    }
    const { seed } = request;
    const sent = seed === undefined ? request : { ...request, seed: seed + indices[0] };
    try {
      const { completions, tokens } = await endpoint.send(sent, indices.length);
      const kept = completions.slice(0, indices.length).map((completion, i) => ({ ...completion, index: indices[i] }));
      await cache.add(key, reserved.request, kept);
      received += kept.length;
      reserved.settle(tokens);
      return kept.length;
    } catch (error) {
      const fault = error instanceof EndpointError ? error : undefined;
      reserved.settle(fault?.charged === false ? { input: 0, output: 0 } : undefined);
      if (fault?.kind === "setup") hopeless = fault;
      // all keep away, from before the place of this request is free
      if (fault?.retryAfterMs !== undefined) restUntil = Math.max(restUntil, Date.now() + fault.retryAfterMs);
      throw error;
    }
  }

  async function persist(request: Request, key: string, indices: readonly number[]): Promise<number> {
    for (let failures = 1; ; failures++) {
      try {
        return await limit(() => attempt(request, key, indices));
      } catch (error) {
        if (!(error instanceof EndpointError) || error.kind !== "passing") throw error;
        if (failures >= attempts) {
          throw new EndpointError(`${error.message} (attempt ${failures} of ${attempts})`, error);
        }
        await pause(retryPause(failures, pauseMs, error.retryAfterMs, Math.random));
      }
    }
  }

  async function pause(ms: number): Promise<void> {
    if (ms > 0 && !signal.aborted) await sleep(ms, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw new StoppedError("stopped");
  }

  /** `n` completions by one request where that is possible, else one by one */
  async function fetch(request: Request, key: string, missing: readonly number[]): Promise<void> {
    if (missing.length === 0) return;
    if (signal.aborted) throw new StoppedError("stopped");
    if (missing.length > 1 && request.api === "chat" && request.seed === undefined && !oneByOne) {
      const brought = await persist(request, key, missing).catch(async (error: unknown) => {
        if (!(error instanceof EndpointError && error.kind === "prompt")) throw error;
        return persist(request, key, missing.slice(0, 1)); // perhaps it is `n` that the server refuses
      });
      oneByOne ||= brought === 1;
      return fetch(request, key, missing.slice(brought));
    }
    const results = await Promise.allSettled(missing.map((index) => persist(request, key, [index])));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  return { fetch, received: () => received, stop: () => stopping.abort() };
}

/** The most tokens a request can cost: no tokenizer makes more tokens than there are bytes. */
function bound({ messages, maxTokens }: Request, n: number, imageTokens: number): Tokens {
  const bytes = messages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const images = messages.reduce((sum, message) => sum + message.images.length, 0);
  return { input: bytes + images * imageTokens + TEMPLATE_TOKENS, output: n * (maxTokens ?? 0) };
}
