import OpenAI, { APIConnectionError, APIError } from "openai";
import { Agent, fetch } from "undici";
import { z } from "zod";
import { type ApiKey, isOpenAi } from "./apiKey.js";
import type { Tokens } from "./budget.js";
import { EndpointError } from "./endpointError.js";
import type { LoadedMessage, Request } from "./prompt.js";
import type { Completion } from "./requestCache.js";
import { retryAfterMs } from "./retry.js";

/** What came back for one request. */
export interface Answer {
  /** may be fewer than were asked for: some servers know no `n` */
  readonly completions: readonly Completion[];
  readonly tokens: Tokens | undefined;
}

/** A server that speaks OpenAI's protocol. */
export interface Endpoint {
  /**
   * Sends one request, once.
   * @param n  completions wanted; more than one with the chat API only
   * @throws EndpointError, whose message holds no key
   */
  send(request: Request, n: number): Promise<Answer>;
}

const tokenCount = z.number().min(0).catch(0);

const chatAnswer = z.object({
  choices: z
    .array(
      z.object({
        index: z.int().nullish(),
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish().catch(undefined),
});

const responsesAnswer = z.object({
  status: z.string().nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  output: z.array(
    z.object({
      type: z.string(),
      content: z.array(z.object({ text: z.string().nullish(), refusal: z.string().nullish() })).nullish(),
    }),
  ),
  usage: z.object({ input_tokens: tokenCount, output_tokens: tokenCount }).nullish().catch(undefined),
});

/**
 * An endpoint through the official client, whose own retries and log are off: every attempt is counted by the budget, and
 * its debug log would hold prompts.
 */
export function openEndpoint(options: { baseUrl: string; key: ApiKey; timeoutMs: number }): Endpoint {
  const { baseUrl, key, timeoutMs } = options;
  const client = new OpenAI({
    baseURL: baseUrl,
    apiKey: key.reveal(),
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: "off",
    // Node's own fetch gives up after five minutes without a header, which long reasoning takes
    fetch: fetch as unknown as typeof globalThis.fetch,
    fetchOptions: { dispatcher: new Agent({ headersTimeout: timeoutMs, bodyTimeout: timeoutMs }) },
  });
  return {
    async send(request, n) {
      try {
        return request.api === "chat"
          ? chat(await client.post("/chat/completions", { body: chatBody(request, n, baseUrl) }))
          : responses(await client.post("/responses", { body: responsesBody(request) }));
      } catch (error) {
        throw endpointError(error, key, timeoutMs);
      }
    },
  };
}

function chatBody(request: Request, n: number, baseUrl: string): object {
  const { model, messages, temperature, topP, reasoningEffort, seed, stop, maxTokens, extraBody } = request;
  // OpenAI's reasoning models know the new name only, some other servers the old one only
  const most = isOpenAi(baseUrl) ? "max_completion_tokens" : "max_tokens";
  return {
    model,
    messages: messages.map(({ role, text, images }) => ({
      role,
      content:
        images.length === 0
          ? text
          : [...images.map(({ url }) => ({ type: "image_url", image_url: { url } })), { type: "text", text }],
    })),
    stream: false,
    ...(n > 1 && { n }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(reasoningEffort !== undefined && { reasoning_effort: reasoningEffort }),
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && stop.length > 0 && { stop }),
    ...(maxTokens !== undefined && { [most]: maxTokens }),
    ...extraBody,
  };
}

function responsesBody(request: Request): object {
  const { model, messages, temperature, topP, reasoningEffort, maxTokens, extraBody } = request;
  return {
    model,
    input: messages.map((message) => ({ role: message.role, content: responsesContent(message) })),
    store: false,
    stream: false, // some servers stream unless they are told
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(reasoningEffort !== undefined && { reasoning: { effort: reasoningEffort } }),
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
    ...extraBody,
  };
}

function responsesContent({ role, text, images }: LoadedMessage): object[] {
  const type = role === "assistant" ? "output_text" : "input_text";
  return [...images.map(({ url }) => ({ type: "input_image", image_url: url, detail: "auto" })), { type, text }];
}

function chat(body: unknown): Answer {
  const { choices, usage } = chatAnswer.parse(body);
  // a choice that is there twice is one
  const distinct = [...new Map(choices.map((choice, i) => [choice.index ?? i, choice])).values()];
  return {
    completions: distinct.map(({ message, finish_reason }) => ({
      text: message.content ?? message.refusal ?? "",
      finish: message.content == null && message.refusal != null ? "refusal" : (finish_reason ?? "stop"),
    })),
    tokens: usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : undefined,
  };
}

function responses(body: unknown): Answer {
  const { status, incomplete_details: incomplete, output, usage } = responsesAnswer.parse(body);
  const parts = output.filter(({ type }) => type === "message").flatMap(({ content }) => content ?? []);
  const refused = parts.some(({ refusal }) => refusal != null);
  const ended = incomplete?.reason === "max_output_tokens" ? "length" : (incomplete?.reason ?? "stop");
  return {
    completions: [
      {
        text: parts.map(({ text, refusal }) => text ?? refusal ?? "").join(""),
        finish: refused ? "refusal" : status === "failed" ? "failed" : ended,
      },
    ],
    tokens: usage ? { input: usage.input_tokens, output: usage.output_tokens } : undefined,
  };
}

function endpointError(error: unknown, key: ApiKey, timeoutMs: number): EndpointError {
  if (error instanceof SyntaxError) {
    return new EndpointError("the endpoint's answer is no JSON", { kind: "passing", charged: true });
  }
  if (error instanceof z.ZodError) {
    // another attempt would be paid for and look the same
    const [{ path, message }] = error.issues;
    const what = `the endpoint's answer does not keep to the protocol (${path.join(".") || "body"}: ${message})`;
    return new EndpointError(what, { kind: "prompt", charged: true });
  }
  if (!(error instanceof APIError)) {
    return new EndpointError(key.hide(`the answer was cut off (${String(error)})`), { kind: "passing", charged: true });
  }
  const { status } = error as { status: number | undefined };
  const cause = (error.cause as { cause?: { code?: string } } | undefined)?.cause?.code;
  if (error instanceof APIConnectionError || status === undefined) {
    const hint = cause === undefined ? "" : ` (${cause})`;
    const late = /timed out/.test(error.message) ? ` within ${timeoutMs / 1000} s` : "";
    // where nobody listens, nothing was charged
    return new EndpointError(key.hide(`${error.message}${late}${hint}`), {
      kind: "passing",
      charged: cause !== "ECONNREFUSED" && cause !== "ENOTFOUND",
    });
  }
  const quota = error.code === "insufficient_quota";
  const passing = (status === 408 || status === 409 || status === 429 || status >= 500) && !quota;
  const setup = quota || [401, 403, 404].includes(status);
  return new EndpointError(key.hide(error.message), {
    kind: passing ? "passing" : setup ? "setup" : "prompt",
    // behind a gateway the request may have gone on
    charged: [408, 502, 504].includes(status),
    status,
    retryAfterMs: retryAfterMs(error.headers as Headers | undefined, Date.now()),
  });
}
