import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
const folder = join(root, "runs");

/** Starts the writer; `lines` yields what it says. */
function write(mode: string, store = folder): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "writer.ts"), store, mode], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** Runs the writer to its end, with a signal once it has begun. */
async function endOf(mode: string, signal?: NodeJS.Signals) {
  const { child, lines } = write(mode);
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const id = (await lines.next()).value as string;
  if (signal) child.kill(signal);
  const [code] = await ended;
  return { code, record: await (await openStore(folder, { readOnly: true })).read(id) };
}

describe.concurrent("a run tells how its process ended:", () => {
  test.each([
    ["wait", "SIGINT", 130],
    ["wait", "SIGTERM", 143],
  ] as const)("%s, then %s", async (mode, signal, expected) => {
    const { code, record } = await endOf(mode, signal);
    expect(code).toBe(expected);
    expect(record).toMatchObject({ status: "interrupted", reason: signal });
    expect((await record.events()).at(-1)).toMatchObject({ type: "status", status: "interrupted", reason: signal });
    expect(record.endedAt).toBeDefined();
  });

  test("an uncaught exception", async () => {
    const { code, record } = await endOf("throw");
    expect(code).toBe(1);
    expect(record).toMatchObject({ status: "failed", reason: "cell exploded" });
    expect(record.error?.stack).toContain("throwUp");
  });

  test("a rejection that nobody awaits", async () => {
    expect((await endOf("reject")).record).toMatchObject({ status: "failed", reason: "nobody awaited this" });
  });

  test("process.exit with an error code", async () => {
    const { record } = await endOf("exit 3");
    expect(record).toMatchObject({ status: "failed", reason: "the process exited with code 3 before run.finish()" });
  });

  test("nothing left to do without finish", async () => {
    const { record } = await endOf("nothing");
    expect(record.status).toBe("interrupted");
    expect(record.reason).toBe("the process exited with code 0 before run.finish()");
  });

  test("kill −9 in the middle of logging: crashed, and at most one event is lost", async () => {
    const { child, lines } = write("loop");
    const id = (await lines.next()).value as string;
    const store = await openStore(folder, { readOnly: true });
    await lines.next();
    expect((await store.read(id)).status).toBe("running");
    let said = 0;
    while (said < 2000) said = Number((await lines.next()).value);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    for (let next = await lines.next(); !next.done; next = await lines.next()) said = Number(next.value);
    await ended;
    const record = await store.read(id);
    expect(record.status).toBe("crashed");
    const steps = (await record.series("loss")).map((point) => point.step);
    expect(steps).toEqual(steps.map((_, i) => i + 1)); // no gap
    expect(steps.length).toBeGreaterThanOrEqual(said);
    expect((await record.problems()).length).toBeLessThanOrEqual(1);
    const weights = await record.weights();
    expect(weights.steps.length).toBeGreaterThanOrEqual(said - 1);
    expect([...weights.last()]).toEqual([weights.steps.at(-1), -(weights.steps.at(-1) ?? NaN)]);
    expect((await store.list({ status: "crashed" })).map((run) => run.id)).toContain(id);
  });

  test("who else listens to SIGINT decides what it does", async () => {
    const { code, record } = await endOf("kernel", "SIGINT");
    expect(code).toBe(0);
    expect(record.status).toBe("finished");
    expect(await record.series("loss")).toHaveLength(2);
  });

  test("a finished run leaves no listeners, and signals kill as they used to", async () => {
    const { child, lines } = write("after");
    const id = (await lines.next()).value as string;
    expect((await lines.next()).value).toBe("listeners 0 0 0");
    child.kill("SIGTERM");
    const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    expect(signal).toBe("SIGTERM");
    expect((await (await openStore(folder)).read(id)).status).toBe("finished");
  });
});

test("three processes at once lose nothing", async () => {
  const shared = join(root, "shared");
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      const [code] = (await once(write("many", shared).child, "exit")) as [number];
      expect(code).toBe(0);
    }),
  );
  const store = await openStore(shared);
  const runs = await store.list({ status: "finished" });
  expect(runs).toHaveLength(30);
  expect(new Set(runs.map((run) => run.name)).size).toBe(30);
  expect(await store.unreadable()).toEqual([]);
  expect(readdirSync(shared).filter((name) => name.startsWith(".") || name.endsWith(".lock"))).toEqual([]);
});

test.skipIf(process.platform === "win32")(
  "a read-only folder: a clear error, nothing written, still readable",
  async () => {
    const locked = join(root, "locked");
    mkdirSync(locked);
    const run = await (await openStore(locked)).startRun({ name: "before", params: {} });
    await run.finish();
    const before = readdirSync(locked);
    chmodSync(root, 0o755);
    chmodSync(locked, 0o555);
    const { child, lines } = write("denied", locked);
    const [said] = await Promise.all([lines.next(), once(child, "exit")]);
    expect(said.value).toMatch(/^error: cannot write .*locked.* \(EACCES\): make it writable for you, or use another/);
    expect(readdirSync(locked)).toEqual(before);
    expect(await (await openStore(locked, { readOnly: true })).list()).toHaveLength(1);
    chmodSync(locked, 0o755);
  },
);
