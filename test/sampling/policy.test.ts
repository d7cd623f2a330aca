import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { PolicyOptions } from "../../lib/sampling/policyOptions.js";
import { openPolicy, type Policy } from "../../lib/sampling/policy.js";
import { retryAfterMs, retryPause } from "../../lib/sampling/retry.js";
import { temporaryFolder } from "../tracker/folders.js";
import { type ServerOptions, startServer, type TestServer } from "./server.js";

const folder = temporaryFolder();
let caches = 0;
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of open.splice(0).reverse()) await one.close();
});

async function served(
  server: ServerOptions = {},
  options: Partial<PolicyOptions> = {},
): Promise<{ server: TestServer; policy: Policy; cache: string }> {
  const running = await startServer(server);
  open.push(running);
  const cache = join(folder, `cache ${caches++}`);
  return { server: running, cache, policy: await policyAt(running, cache, options) };
}

async function policyAt({ url }: TestServer, cache: string, options: Partial<PolicyOptions> = {}): Promise<Policy> {
  const policy = await openPolicy({
    model: "test",
    baseUrl: url,
    cache,
    retry: { pauseMs: 1, attempts: 12 },
    ...options,
  });
  open.push(policy);
  return policy;
}

const ask = (text: string) => [{ role: "user" as const, text }];
const prompts = (count: number) => Array.from({ length: count }, (_, i) => ask(`question ${i}`));
const texts = (completions: readonly { text: string }[]) => completions.map(({ text }) => text);

describe("completions", () => {
  test("n samples of a prompt come by one request, and the second time from the cache", async () => {
    const { server, policy, cache } = await served();
    const first = await policy.complete(ask("q"), { samples: 4 });
    expect(new Set(texts(first)).size).toBe(4);
    expect(server.requests).toMatchObject([{ model: "test", n: 4, messages: [{ role: "user", content: "q" }] }]);
    await policy.close();
    const again = await policyAt(server, cache);
    expect(await again.complete(ask("q"), { samples: 4 })).toEqual(first);
    expect((await again.complete(ask("q"), { samples: 6 })).slice(0, 4)).toEqual(first);
    expect(server.requests.map((body) => body["n"])).toEqual([4, 2]);
    expect(again.usage()).toMatchObject({ cached: 8, received: 2, requests: 2, unsettled: 0 });
  });

  test.each(["ignored", "refused"] as const)("a server by which n is %s is asked one by one", async (n) => {
    const { server, policy } = await served({ n });
    expect(new Set(texts(await policy.complete(ask("q"), { samples: 4 }))).size).toBe(4);
    await policy.complete(ask("r"), { samples: 3 });
    expect(server.delivered).toBe(7);
    expect(server.requests.filter((body) => body["n"] !== undefined)).toHaveLength(1);
  });

  test("with a seed every sample has its own, so that an interrupted job draws the same", async () => {
    const { server, policy } = await served({}, { seed: 5 });
    const all = texts(await policy.complete(ask("q"), { samples: 3 }));
    expect(server.requests.map((body) => body["seed"]).sort()).toEqual([5, 6, 7]);
    const elsewhere = await policyAt(server, join(folder, "elsewhere"), { seed: 5 });
    await elsewhere.complete(ask("q"), { samples: 1 });
    expect(texts(await elsewhere.complete(ask("q"), { samples: 3 }))).toEqual(all);
  });

  test("every sampling parameter reaches the server and the key of the cache", async () => {
    const { server, policy } = await served();
    const variants = [
      [{ temperature: 0.5 }, { temperature: 0.5 }],
      [{ topP: 0.9 }, { top_p: 0.9 }],
      [{ reasoningEffort: "high" as const }, { reasoning_effort: "high" }],
      [{ stop: ["\n"] }, { stop: ["\n"] }],
      [{ maxTokens: 3 }, { max_tokens: 3 }],
      [{ extraBody: { top_k: 20 } }, { top_k: 20 }],
    ] as const;
    for (const [sampling, body] of variants) {
      const [completion] = await policy.complete(ask("q"), { samples: 1, ...sampling });
      expect(server.requests.at(-1)).toMatchObject(body);
      if ("maxTokens" in sampling) expect(completion.finish).toBe("length");
    }
    expect(server.requests).toHaveLength(variants.length);
  });

  test("the responses API, one request a sample", async () => {
    const { server, policy } = await served({}, { api: "responses", maxTokens: 4, reasoningEffort: "low" });
    const all = await policy.complete([{ role: "system", text: "be brief" }, ...ask("q")], { samples: 2 });
    expect(all).toMatchObject([{ finish: "length" }, { finish: "length" }]);
    expect(all[0].text).toMatch(/^Step 1: /);
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]).toMatchObject({
      max_output_tokens: 4,
      reasoning: { effort: "low" },
      input: [{ role: "system", content: [{ type: "input_text", text: "be brief" }] }, { role: "user" }],
    });
  });

  test("an image goes as a data URL, and its bytes, not its name, are in the key", async () => {
    const { server, policy } = await served();
    const png = Buffer.from("89504e470d0a1a0a", "hex");
    const [a, b] = [join(folder, "a.png"), join(folder, "b.png")];
    for (const file of [a, b]) writeFileSync(file, png);
    const image = (file: string) => [{ role: "user" as const, text: "what is it?", images: [file] }];
    expect(await policy.complete(image(a), { samples: 1 })).toEqual(await policy.complete(image(b), { samples: 1 }));
    writeFileSync(b, Buffer.concat([png, png]));
    await policy.complete(image(b), { samples: 1 });
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]).toMatchObject({
      messages: [
        {
          content: [
            { type: "image_url", image_url: { url: `data:image/png;base64,${png.toString("base64")}` } },
            { type: "text" },
          ],
        },
      ],
    });
    writeFileSync(b, "no image");
    await expect(policy.complete(image(b), { samples: 1 })).rejects.toThrow(/b\.png is not PNG/);
    await expect(policy.complete(image(join(folder, "c.png")), { samples: 1 })).rejects.toThrow(
      /c\.png cannot be read/,
    );
  });

  test("the same prompt at once is paid for once; no more requests at once than allowed", async () => {
    const { server, policy } = await served({ delayMs: 10 }, { concurrency: 3 });
    const [a, b] = await Promise.all([
      policy.complete(ask("q"), { samples: 2 }),
      policy.complete(ask("q"), { samples: 2 }),
    ]);
    expect(a).toEqual(b);
    expect(server.delivered).toBe(2);
    await Promise.all(prompts(12).map((prompt) => policy.complete(prompt, { samples: 1 })));
    expect(server.busiest).toBe(3);
  });
});

describe("faults", () => {
  test("10 % of every kind: all completions arrive, none twice, none lost", async () => {
    const { server, policy, cache } = await served({ fault: 0.1, slowMs: 8000 }, { timeoutMs: 5000, concurrency: 16 });
    const all = await Promise.all(prompts(200).map((prompt) => policy.complete(prompt, { samples: 3 })));
    expect(new Set(server.faults).size).toBe(7);
    expect(all.flat().filter(({ text }) => text.includes("Final answer:"))).toHaveLength(600);
    expect(completionsIn(cache)).toHaveLength(600);
    expect(new Set(completionsIn(cache)).size).toBe(600);
    expect(policy.usage()).toMatchObject({ received: 600, requests: server.requests.length });
  });

  test("Retry-After holds all requests back for as long as it says", async () => {
    const times: number[] = [];
    const { policy } = await served(
      { retryAfter: "0.3", fault: (n) => (times.push(performance.now()), n === 0 ? "429" : undefined) },
      { concurrency: 1 },
    );
    await Promise.all(prompts(2).map((prompt) => policy.complete(prompt, { samples: 1 })));
    expect(times).toHaveLength(3);
    expect(times[1] - times[0]).toBeGreaterThanOrEqual(299);
  });

  test("what never passes ends with the last fault and the number of attempts; the rest goes on", async () => {
    const { policy } = await served({ fault: () => "500" }, { retry: { attempts: 3, pauseMs: 1 } });
    await expect(policy.complete(ask("q"), { samples: 1 })).rejects.toThrow(/500 internal error \(attempt 3 of 3\)/);
  });

  test("an answer of another protocol is not paid for again and again", async () => {
    const { server, policy } = await served({ fault: () => "foreign" });
    await expect(policy.complete(ask("q"), { samples: 1 })).rejects.toThrow(
      /does not keep to the protocol \(choices: /,
    );
    expect(server.requests).toHaveLength(1);
    expect(policy.usage()).toMatchObject({ unsettled: 1 });
  });

  test("nobody listens", async () => {
    const { server, policy } = await served({}, { retry: { attempts: 2, pauseMs: 1 } });
    await server.close();
    open.shift();
    await expect(policy.complete(ask("q"), { samples: 1 })).rejects.toThrow(/ECONNREFUSED.*attempt 2 of 2/);
    expect(policy.usage()).toMatchObject({ unsettled: 0, inputTokens: 0 });
  });

  test("pauses double with jitter, are bounded, and keep to what the server asks", () => {
    const pauses = (failures: number) => [0, 0.999].map((draw) => retryPause(failures, 1000, undefined, () => draw));
    expect(pauses(1)).toEqual([500, 999.5]);
    expect(pauses(3)).toEqual([2000, 3998]);
    expect(pauses(20)).toEqual([30_000, 59_970]);
    expect(retryPause(1, 1000, 5000, () => 0)).toBe(5250);
    const asked = (name: string, value: string) =>
      retryAfterMs(new Headers({ [name]: value }), Date.parse("2026-01-01T00:00:00Z"));
    expect(asked("retry-after", "2.5")).toBe(2500);
    expect(asked("retry-after", "Thu, 01 Jan 2026 00:00:07 GMT")).toBe(7000);
    expect(asked("retry-after", "Wed, 31 Dec 2025 00:00:00 GMT")).toBe(0);
    expect(asked("retry-after-ms", "70")).toBe(70);
    expect(asked("retry-after", "86400")).toBe(600_000); // a daily quota is no reason to wait for a day
    expect(asked("retry-after", "soon")).toBeUndefined();
    expect(retryAfterMs(undefined, 0)).toBeUndefined();
  });
});

describe("budget", () => {
  const prices = { input: 2_000_000, output: 10_000_000 };
  const cost = ({ billed }: TestServer) => billed.input * 2 + billed.output * 10;

  test.each([
    ["money", { money: 9_000 }],
    ["tokens", { tokens: 3_000 }],
    ["requests", { requests: 25 }],
  ] as const)("%s are never exceeded, faults and lost answers included", async (_, budget) => {
    const { server, policy, cache } = await served(
      { fault: 0.2, slowMs: 800 },
      { budget, prices, maxTokens: 60, timeoutMs: 500 },
    );
    const spend = (policy: Policy) =>
      Promise.allSettled(prompts(60).map((prompt) => policy.complete(prompt, { samples: 1 })));
    const first = await spend(policy);
    const failed = first.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : []));
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(60);
    expect(failed[0]).toMatch(
      /BudgetError: the budget is used up \((money|tokens|requests): .* run the same command again/,
    );
    await policy.close();
    await spend(await policyAt(server, cache, { budget, prices, maxTokens: 60, timeoutMs: 500 })); // the limit is the folder's
    if ("money" in budget) expect(cost(server)).toBeLessThanOrEqual(budget.money);
    if ("tokens" in budget) expect(server.billed.input + server.billed.output).toBeLessThanOrEqual(budget.tokens);
    if ("requests" in budget) expect(server.requests).toHaveLength(budget.requests);
    const more = await policyAt(server, join(folder, `more ${caches++}`));
    await spend(more);
    expect(more.usage().money).toBeUndefined(); // tokens only, where no price is known
  });

  test("without faults the account is the server's own, to the token", async () => {
    const { server, policy } = await served({}, { prices });
    await Promise.all(prompts(5).map((prompt) => policy.complete(prompt, { samples: 2 })));
    const { inputTokens, outputTokens, money } = policy.usage();
    expect({ input: inputTokens, output: outputTokens }).toEqual(server.billed);
    expect(money).toBeCloseTo(cost(server), 6);
  });
});

describe("the cache", () => {
  test("a torn last line is dropped and said; one that is whole but for its end is kept", async () => {
    const { server, policy, cache } = await served();
    await policy.complete(ask("q"), { samples: 2 });
    await policy.close();
    const path = join(cache, "completions.jsonl");
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, whole.slice(0, -30));
    const torn = await policyAt(server, cache);
    expect(torn.notes).toEqual([
      expect.stringMatching(/completions\.jsonl: a torn last line \(\d+ bytes\) was dropped/),
    ]);
    await torn.complete(ask("q"), { samples: 2 });
    expect(torn.usage()).toMatchObject({ cached: 1, received: 1 });
    await torn.close();
    writeFileSync(path, whole.trimEnd());
    const kept = await policyAt(server, cache);
    await kept.complete(ask("q"), { samples: 2 });
    expect(kept.usage()).toMatchObject({ cached: 2, received: 0 });
    await kept.complete(ask("r"), { samples: 1 });
    expect(completionsIn(cache)).toHaveLength(3);
  });

  test("a second process is refused; so is a broken line, by its place", async () => {
    const { server, policy, cache } = await served();
    await expect(policyAt(server, cache)).rejects.toThrow(new RegExp(`is being changed by process ${process.pid}`));
    await policy.complete(ask("q"), { samples: 1 });
    await policy.close();
    const path = join(cache, "completions.jsonl");
    const line = readFileSync(path, "utf8");
    writeFileSync(path, `${line}{"key": 1}\n${line}`);
    await expect(policyAt(server, cache)).rejects.toThrow(/completions\.jsonl:2: is no completion; remove the line/);
    writeFileSync(path, line + line);
    await expect(policyAt(server, cache)).rejects.toThrow(/completions\.jsonl:2: sample 0 of \w+ is there twice/);
    expect(readdirSync(cache).sort()).toEqual(["completions.jsonl", "ledger.jsonl"]);
  });

  test("stop: what is under way comes in, the rest ends", async () => {
    const { server, policy } = await served({ delayMs: 50 }, { concurrency: 2 });
    const all = prompts(6).map((prompt) => policy.complete(prompt, { samples: 1 }));
    await vi.waitFor(() => expect(server.requests).toHaveLength(2));
    policy.stop();
    const results = await Promise.allSettled(all);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      ...Array<string>(4).fill("rejected"),
    ]);
    expect(String((results[5] as PromiseRejectedResult).reason)).toMatch(/StoppedError/);
    expect(server.requests).toHaveLength(2);
  });
});

describe("keys", () => {
  const secret = "tópsecret-4711-0815"; // no known token's beginning

  test("a key goes to the server and nowhere else", async () => {
    const printed: string[] = [];
    for (const stream of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, stream).mockImplementation(
        (...args: unknown[]) => void printed.push(args.map(String).join(" ")),
      );
    }
    vi.stubEnv("OPENAI_LOG", "debug");
    const plain = "0815-4711-zyx";
    vi.stubEnv("SOME_KEY", plain);
    const { server, policy, cache } = await served({ key: plain }, { apiKeyEnv: "SOME_KEY" });
    await policy.complete(ask("q"), { samples: 1 });
    vi.stubEnv("SOME_KEY", "wrong-0815-4711");
    const other = await policyAt(server, join(folder, "keys"), { apiKeyEnv: "SOME_KEY" });
    const error = await other.complete(ask("q"), { samples: 1 }).catch((error: unknown) => error as Error);
    expect((error as Error).message).toBe("401 Incorrect API key provided: [redacted]");
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("0815");
    for (const place of [cache, join(folder, "keys")]) {
      for (const file of readdirSync(place)) expect(readFileSync(join(place, file), "utf8")).not.toContain("0815");
    }
    expect(printed.join("\n")).not.toContain("0815");
    vi.restoreAllMocks();
  });

  test("a missing key of OpenAI's is named, a key in the place of its name is refused unseen", async () => {
    vi.stubEnv("OPENAI_API_KEY", "");
    const options = { model: "m", cache: join(folder, "none") };
    await expect(openPolicy({ ...options, baseUrl: "https://api.openai.com/v1" })).rejects.toThrow(
      /\$OPENAI_API_KEY is not set/,
    );
    await expect(openPolicy({ ...options, apiKeyEnv: secret })).rejects.toThrow(
      /^(?!.*4711).*apiKeyEnv \(--api_key_env\) must be the name of an environment variable/,
    );
    expect(existsSync(options.cache)).toBe(false);
  });

  test("bad options are named", async () => {
    const options = { model: "m", cache: join(folder, "none"), baseUrl: "http://localhost:1/v1" };
    await expect(openPolicy({ ...options, budget: { tokens: 5 } })).rejects.toThrow(/needs maxTokens/);
    await expect(openPolicy({ ...options, budget: { money: 5 }, maxTokens: 1 })).rejects.toThrow(/needs prices/);
    await expect(openPolicy({ ...options, temprature: 1 } as PolicyOptions)).rejects.toThrow(/temprature/);
    await expect(openPolicy({ ...options, api: "responses", seed: 1 })).rejects.toThrow(/knows neither seed nor stop/);
  });
});

function completionsIn(cache: string): string[] {
  return readFileSync(join(cache, "completions.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { key, index } = JSON.parse(line) as { key: string; index: number };
      return `${key}/${index}`;
    });
}
