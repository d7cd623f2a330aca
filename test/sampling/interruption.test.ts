import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { random } from "../../lib/core/random.js";
import { loadMetaSet, loadPools } from "../../lib/data/solutions.js";
import { temporaryFolder } from "../tracker/folders.js";
import { dreamprm } from "./cli.js";
import { faults, startServer, type TestServer } from "./server.js";

const KEY = "zyxw-vuts-rqpo"; // nothing that looks like a known token
const folder = temporaryFolder();
const servers: TestServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

const questions = join(folder, "questions.jsonl");
writeFileSync(
  questions,
  Array.from({ length: 1000 }, (_, i) =>
    JSON.stringify({
      id: `q${i}`,
      question: `What is ${i} + ${i}?`,
      options: ["1", "2", "3", "4"],
      ground_truth: "ABCD"[i % 4],
      domain: "sums",
    }),
  ).join("\n"),
);

async function serve(options: Parameters<typeof startServer>[0]): Promise<TestServer> {
  const server = await startServer({ key: KEY, ...options });
  servers.push(server);
  return server;
}

function sample({ url }: TestServer, out: string, ...more: string[]) {
  const args = [
    "sample",
    questions,
    "--base_url",
    url,
    "--model",
    "test",
    "--samples",
    "1",
    "-o",
    out,
    "--concurrency",
    "40",
  ];
  return dreamprm([...args, "--api_key_env", "TEST_KEY", ...more], { TEST_KEY: KEY, OPENAI_LOG: "debug" });
}

function completions(out: string): string[] {
  const lines = readFileSync(join(`${out}.cache`, "completions.jsonl"), "utf8").split("\n");
  return lines.slice(0, -1).map((line) => {
    const { key, index } = JSON.parse(line) as { key: string; index: number };
    return `${key}/${index}`;
  });
}

test(
  "kill −9 amid 1,000 prompts and 10 % faults: only what is missing is sent again; keys are nowhere",
  { timeout: 120_000 },
  async () => {
    const draw = random(7);
    const kinds = faults.filter((fault) => fault !== "slow"); // how slow is too slow depends on the machine
    const server = await serve({ delayMs: 5, fault: () => (draw.next() < 0.1 ? draw.pick(kinds) : undefined) });
    const out = join(folder, "killed.jsonl");
    const first = sample(server, out);
    await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(400), { timeout: 60_000, interval: 5 });
    first.kill("SIGKILL");
    const killed = await first.ended;
    expect(killed.signal).toBe("SIGKILL");
    expect(existsSync(out)).toBe(false);
    const kept = completions(out);
    expect(kept.length).toBeGreaterThan(200);
    expect(kept.length).toBeLessThan(1000);

    const [asked, faulty] = [server.requests.length, server.faults.length];
    const resumed = await sample(server, out, "--json").ended;
    expect([resumed.code, resumed.stderr.replace(/^sample .*\n/gm, "").replace(/^.*torn last line.*\n/, "")]).toEqual([
      0,
      "",
    ]);
    const report = JSON.parse(resumed.stdout) as { rows: number; usage: { cached: number; received: number } };
    expect(report).toMatchObject({
      rows: 1000,
      done: 1000,
      failures: [],
      usage: { cached: kept.length, received: 1000 - kept.length },
    });

    const all = completions(out);
    expect(all.slice(0, kept.length)).toEqual(kept);
    expect([all.length, new Set(all).size]).toEqual([1000, 1000]);
    // a duplicated or a short answer serves a single sample too
    const again = server.faults.slice(faulty).filter((fault) => !["duplicate", "fewer"].includes(fault)).length;
    expect(server.requests.length - asked).toBe(1000 - kept.length + again);
    const prompts = server.requests.slice(asked).map((body) => JSON.stringify(body["messages"]));
    expect(new Set(prompts).size).toBe(1000 - kept.length);

    const pools = await loadPools(out, { quiet: true });
    expect(pools.map(({ questionId }) => questionId)).toEqual(Array.from({ length: 1000 }, (_, i) => `q${i}`));
    const { solutions } = await loadMetaSet(out, { quiet: true });
    for (const { answer, correct, questionId, steps } of solutions) {
      expect([correct, steps.length]).toEqual([answer === "ABCD"[Number(questionId.slice(1)) % 4], 6]);
    }
    expect([killed.stdout, killed.stderr, resumed.stdout, resumed.stderr].join("")).not.toContain("vuts");
    expect(allFiles(folder).filter((file) => readFileSync(file, "utf8").includes("vuts"))).toEqual([]);
  },
);

test("Ctrl-C lets requests come in, says how to go on, and the same command does", { timeout: 60_000 }, async () => {
  const server = await serve({ delayMs: 20 });
  const out = join(folder, "stopped.jsonl");
  const first = sample(server, out, "--quiet");
  await vi.waitFor(() => expect(server.delivered).toBeGreaterThan(50), { timeout: 30_000, interval: 5 });
  first.kill("SIGINT");
  const stopped = await first.ended;
  expect([stopped.code, stopped.stdout]).toEqual([130, ""]);
  expect(stopped.stderr).toMatch(
    /stopping when the requests under way have come in.*stopped; what came in is in .*stopped\.jsonl\.cache/s,
  );
  expect(completions(out)).toHaveLength(server.delivered);
  expect(readdirSync(folder).filter((file) => file.startsWith("stopped"))).toEqual(["stopped.jsonl.cache"]);
  const { delivered } = server;
  const again = await sample(server, out, "--quiet").ended;
  expect(again.stdout).toMatch(
    new RegExp(`1000 rows; 1000 of 1000 done\ncompletions: ${1000 - delivered} asked for, ${delivered} from`),
  );
  expect(server.delivered).toBe(1000);
});

test("a wrong key, a used-up budget: one clear message, exit 1, no key", { timeout: 60_000 }, async () => {
  const server = await serve({});
  const out = join(folder, "wrong.jsonl");
  const args = ["sample", questions, "--base_url", server.url, "--model", "test", "-o", out, "--quiet"];
  const wrong = await dreamprm(args, { OPENAI_API_KEY: "wrong-vuts" }).ended;
  expect([wrong.code, wrong.stdout, wrong.stderr]).toEqual([
    1,
    "",
    "dreamprm: 401 Incorrect API key provided: [redacted]\n",
  ]);
  expect(server.requests.length).toBeLessThanOrEqual(8); // no more than were under way
  const [sent, short] = [server.requests.length, join(folder, "short.jsonl")];
  const broke = await sample(server, short, "--quiet", "--budget_requests", "60").ended;
  expect(broke.code).toBe(1);
  expect(broke.stdout).toMatch(/ended early: the budget is used up \(requests: 60 of 60 are spent/);
  const rows = Number(/(\d+) rows;/.exec(broke.stdout)?.[1]);
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThanOrEqual(60);
  expect((await loadMetaSet(short, { quiet: true })).solutions).toHaveLength(rows);
  expect(server.requests.length - sent).toBe(60);
});

function allFiles(under: string): string[] {
  return readdirSync(under, { recursive: true, encoding: "utf8" })
    .map((file) => join(under, file))
    .filter((file) => statSync(file).isFile());
}
