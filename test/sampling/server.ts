/** A local server that speaks the OpenAI-compatible protocol, with faults on demand. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "../../lib/core/random.js";

export const faults = ["429", "500", "slow", "cut", "malformed", "duplicate", "fewer"] as const;
/** "foreign": JSON, but of another protocol */
export type Fault = (typeof faults)[number] | "foreign";

export interface ServerOptions {
  /** the fault of the request with this number, from 0; a number is the share of requests with one, of every kind */
  readonly fault?: number | ((request: number) => Fault | undefined);
  /** how long every answer takes */
  readonly delayMs?: number;
  /** how long a slow answer takes; defaults to 1000 ms */
  readonly slowMs?: number;
  readonly retryAfter?: string;
  /** "ignored": one choice whatever is asked for; "refused": 400 */
  readonly n?: "honoured" | "ignored" | "refused";
  /** requests without this bearer token get 401 */
  readonly key?: string;
  /** the text of an answer; defaults to five steps that end in a final answer A to D */
  readonly answer?: (asked: Asked) => string;
}

export interface Asked {
  readonly body: Record<string, unknown>;
  /** all texts of the prompt */
  readonly prompt: string;
  /** of the body and the choice, and of how often this prompt was asked unless a seed is given */
  readonly hash: string;
}

export interface TestServer {
  readonly url: string;
  /** bodies of all requests, in order of arrival */
  readonly requests: Record<string, unknown>[];
  /** choices delivered whole */
  delivered: number;
  /** what a real provider would put on the bill, lost answers included */
  readonly billed: { input: number; output: number };
  readonly faults: Fault[];
  /** the most requests under way at once */
  busiest: number;
  close(): Promise<void>;
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const { fault = () => undefined } = options;
  const draw = random(7);
  const chosen = typeof fault === "function" ? fault : () => (draw.next() < fault ? draw.pick(faults) : undefined);
  const state = {
    requests: [],
    delivered: 0,
    billed: { input: 0, output: 0 },
    faults: [],
    busiest: 0,
  } as unknown as TestServer;
  const times = new Map<string, number>();
  let busy = 0;
  const server = createServer((request, response) => {
    state.busiest = Math.max(state.busiest, ++busy);
    void handle(request, response)
      .catch(() => response.destroy())
      .finally(() => busy--);
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
    const number = state.requests.push(body) - 1;
    const reply = (status: number, value: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof value === "string" ? value : JSON.stringify(value));
    };
    const authorization = request.headers.authorization ?? "";
    if (options.key !== undefined && authorization !== `Bearer ${options.key}`) {
      // as some servers do, the message repeats what it got
      return reply(401, {
        error: { message: `Incorrect API key provided: ${authorization.slice(7)}`, code: "invalid_api_key" },
      });
    }
    const wanted = typeof body["n"] === "number" ? body["n"] : 1;
    if (wanted > 1 && options.n === "refused") return reply(400, { error: { message: "n must be 1" } });
    const now = chosen(number);
    if (now) state.faults.push(now);
    if (options.delayMs !== undefined) await sleep(options.delayMs);
    if (now === "429")
      return reply(429, { error: { message: "slow down" } }, { "retry-after": options.retryAfter ?? "0.02" });
    if (now === "500") return reply(500, { error: { message: "internal error" } });

    const many = now === "fewer" || options.n === "ignored" ? 1 : wanted;
    const { texts, usage, finish } = answers(body, many);
    state.billed.input += usage.input;
    state.billed.output += usage.output;
    if (now === "slow") await sleep(options.slowMs ?? 1000);
    const value = /\/responses$/.test(request.url ?? "")
      ? responses(texts[0], finish[0], usage)
      : chat(texts, finish, usage, now === "duplicate");
    const text = JSON.stringify(value);
    if (now === "malformed") return reply(200, text.slice(0, text.length / 2));
    if (now === "foreign") return reply(200, { answer: texts[0] });
    if (now === "cut") {
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(text)),
      });
      response.write(text.slice(0, 20));
      await sleep(5);
      return void response.destroy();
    }
    if (response.destroyed) return;
    state.delivered += texts.length;
    reply(200, value);
  }

  function answers(body: Record<string, unknown>, many: number) {
    const prompt = textsOf(body["messages"] ?? body["input"]).join("\n");
    const most = (body["max_tokens"] ??
      body["max_completion_tokens"] ??
      body["max_output_tokens"] ??
      Infinity) as number;
    const stops = (body["stop"] ?? []) as string[];
    const name = createHash("sha256").update(JSON.stringify(body)).digest("hex");
    const finish: string[] = [];
    const texts = Array.from({ length: many }, (_, choice) => {
      const time = times.get(name) ?? 0;
      if (body["seed"] === undefined) times.set(name, time + 1);
      const hash = createHash("sha256").update(`${name} ${choice} ${time}`).digest("hex");
      const full = (options.answer ?? fiveSteps)({ body, prompt, hash });
      const cut = Math.min(...stops.map((stop) => full.indexOf(stop)).filter((at) => at >= 0), full.length);
      const words = full.slice(0, cut).split(/(?<=\s)/);
      finish.push(words.length > most ? "length" : "stop");
      return words.slice(0, most).join("");
    });
    const output = texts.reduce((sum, text) => sum + text.split(/(?<=\s)/).length, 0);
    return { texts, finish, usage: { input: Math.ceil(prompt.length / 4) + 8, output } };
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

function fiveSteps({ hash }: Asked): string {
  const names = ["Restate", "Gather evidence", "Recall knowledge", "Reason", "Conclude"];
  const steps = names.map((name, i) => `Step ${i + 1}: ${name} (${hash.slice(8 * i, 8 * i + 8)}).`);
  return [...steps, `Final answer: ${"ABCD"[parseInt(hash[63], 16) % 4]}`].join("\n\n");
}

type Usage = { input: number; output: number };

function chat(texts: readonly string[], finish: readonly string[], { input, output }: Usage, duplicate: boolean) {
  const choices = texts.map((content, index) => ({
    index,
    finish_reason: finish[index],
    message: { role: "assistant", content },
  }));
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    choices: duplicate ? [choices[0], ...choices] : choices,
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}

function responses(text: string, finish: string, { input, output }: Usage) {
  return {
    id: "resp-1",
    object: "response",
    status: finish === "length" ? "incomplete" : "completed",
    ...(finish === "length" && { incomplete_details: { reason: "max_output_tokens" } }),
    output: [
      { type: "reasoning", summary: [] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text }] },
    ],
    usage: { input_tokens: input, output_tokens: output, total_tokens: input + output },
  };
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== "object" || value === null) return [];
  const { content, text } = value as { content?: unknown; text?: unknown };
  if (typeof content === "string") return [content];
  return typeof text === "string" ? [text] : textsOf(content);
}
