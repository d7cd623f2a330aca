import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { seal } from "../../lib/tracker/seal.js";
import { thisProcess } from "../../lib/tracker/status.js";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";
import { train, WEIGHTS_EVERY } from "./training.js";

const root = temporaryFolder();
let folders = 0;
const newStore = () => openStore(join(root, `store ${folders++}`));

// what is not committed in this repository is no part of the runs here
process.env.GIT_DIR = join(root, "no repository");

function start(store: Store, ...args: (string | number)[]) {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", join(__dirname, "resumer.ts"), store.folder, ...args.map(String)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, ended, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** Lets the process train at least up to `iteration`, then kill −9. @returns the first line it said */
async function killedAfter(iteration: number, { child, ended, lines }: ReturnType<typeof start>): Promise<string> {
  const first = (await lines.next()).value as string;
  while (Number((await lines.next()).value) < iteration);
  child.kill("SIGKILL");
  await ended;
  return first;
}

/** All that was measured: metrics with their steps, and the weights. */
async function measured(store: Store, id: string) {
  const record = await store.read(id);
  const metrics = (await record.metrics()).sort();
  const { names, steps, values } = await record.weights();
  return {
    series: await Promise.all(metrics.map(async (name) => ({ name, points: await record.series(name) }))),
    weights: { names, steps, values },
  };
}

async function uninterrupted(to = 700) {
  const store = await newStore();
  const run = await store.startRun({ name: "reference", params: {}, weightsEvery: WEIGHTS_EVERY });
  train(run, 1, to);
  await run.finish();
  return measured(store, run.id);
}

/** A run in this process that failed after `to` iterations. */
async function failedRun(to: number) {
  const store = await newStore();
  const run = await store.startRun({ name: "failed", params: {}, weightsEvery: WEIGHTS_EVERY });
  train(run, 1, to);
  await run.fail(new Error("out of memory"));
  return { store, id: run.id, file: (name: string) => join(run.folder, name) };
}

function edit(file: string, change: object): void {
  const { crc: _crc, ...json } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, seal(JSON.stringify({ ...json, ...change })));
}

const content = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "base64")]));

describe.concurrent("after kill −9", () => {
  test("two crashes, two resumptions: the same numbers as without them", async () => {
    const store = await newStore();
    const id = await killedAfter(400, start(store, "start"));
    const crashed = await store.read(id);
    expect(crashed.status).toBe("crashed");
    const before = (await crashed.series("lower.loss")).slice(0, 300);

    await killedAfter(550, start(store, "loop", id, 300));
    const again = await store.read(id);
    expect(again.status).toBe("crashed");
    expect((await again.series("lower.loss")).slice(0, 300)).toEqual(before);

    const [code] = await start(store, "finish", id, 500).ended;
    expect(code).toBe(0);
    const record = await store.read(id);
    expect(record).toMatchObject({ status: "finished", startedAt: crashed.startedAt, summary: { auc: 0.7 } });
    expect(record.resumed?.map(({ step }) => step)).toEqual([300, 500]);
    expect(await record.problems()).toEqual([]);
    expect((await record.events()).filter((event) => event.type === "status")).toMatchObject([
      { status: "running", reason: "resumed at step 300", step: 300 },
      { status: "running", reason: "resumed at step 500", step: 500 },
      { status: "finished" },
    ]);
    expect(await measured(store, id)).toEqual(await uninterrupted());
    expect(readdirSync(record.folder).sort()).toEqual([
      "alpha.crc",
      "alpha.f32",
      "alpha.json",
      "events.jsonl",
      "run.json",
    ]);
  });

  test.each(["alpha.json", "events.jsonl", "run.json"])(
    "in resuming, before %s is replaced: resume again",
    async (file) => {
      const store = await newStore();
      const id = await killedAfter(400, start(store, "start"));
      const before = (await store.read(id)).startedAt;
      const [, signal] = await start(store, "die", id, 200, file).ended;
      expect(signal).toBe("SIGKILL");
      const between = await store.read(id);
      expect(between).toMatchObject({ status: "crashed", startedAt: before });
      expect(between.resumed).toBeUndefined();
      expect((await between.series("lower.loss")).length).toBeGreaterThanOrEqual(200);

      await start(store, "finish", id, 200).ended;
      const record = await store.read(id);
      expect(record.resumed).toHaveLength(1);
      expect(await record.problems()).toEqual([]);
      expect(await measured(store, id)).toEqual(await uninterrupted());
    },
  );

  test("of four processes that resume at once, one gets the run", async () => {
    const store = await newStore();
    const id = await killedAfter(100, start(store, "start"));
    const processes = Array.from({ length: 4 }, () => start(store, "hold", id, 50));
    const said = await Promise.all(processes.map(async ({ lines }) => (await lines.next()).value as string));
    for (const { child } of processes) child.kill("SIGKILL");
    await Promise.all(processes.map(({ ended }) => ended));
    expect(said.filter((line) => line === "resumed")).toHaveLength(1);
    const { pid } = processes[said.indexOf("resumed")].child;
    for (const line of said.filter((text) => text !== "resumed")) {
      expect(line).toContain(`run ${id} is still running in process ${pid}`);
    }
    expect((await store.read(id)).resumed).toHaveLength(1);
  });
});

describe("a resumed run", () => {
  test("keeps notes, status, summary and artifacts, drops what followed the step, and is running again", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: { seed: 1 }, tags: ["t"] });
    run.log(0, { loss: 9 });
    train(run, 1, 4);
    run.note("late");
    run.setSummary({ best: 3 });
    await run.artifact(__filename, "code.ts");
    await run.fail(new Error("out of memory"));
    const before = await store.read(run.id);
    expect(before.status).toBe("failed");
    expect(await before.series("lower.loss")).toHaveLength(4); // the log is cached now

    const resumed = await store.resumeRun(run.id.slice(0, -1), { step: 2 });
    expect(resumed.id).toBe(run.id);
    const record = await store.read(run.id);
    expect(record).toMatchObject({ status: "running", startedAt: before.startedAt, seed: 1, summary: { best: 3 } });
    for (const gone of ["endedAt", "reason", "error"]) expect(record).not.toHaveProperty(gone);
    expect(record.artifacts).toEqual(before.artifacts);
    expect((await before.series("lower.loss")).map((p) => p.step)).toEqual([1, 2]);
    expect((await record.events()).map((event) => (event.type === "metrics" ? event.step : event))).toMatchObject([
      ...[0, 1, 2],
      { type: "note", text: "late" },
      { type: "status", status: "failed", reason: "out of memory" },
      { type: "status", status: "running", reason: "resumed at step 2", step: 2 },
    ]);
    expect(await store.list({ status: "running" })).toMatchObject([{ id: run.id, resumed: [{ step: 2 }] }]);
    resumed.log(3, { loss: 1 });
    await resumed.finish();
    expect(await record.series("loss")).toEqual([
      { step: 0, value: 9 },
      { step: 3, value: 1 },
    ]);
  });

  test.each([1, 2, 5, 6, 7, 8, 9, 10, 25])("has snapshots where they would have been: resumed at %i", async (step) => {
    const { store, id } = await failedRun(25);
    const run = await store.resumeRun(id, { step });
    train(run, step + 1, 40);
    await run.finish();
    expect(await measured(store, id)).toEqual(await uninterrupted(40));
    expect((await measured(store, id)).weights.steps).toEqual([2, 8, 14, 20, 26, 32, 38]);
  });

  test("continues the weights under the same names and never backwards", async () => {
    const { store, id, file } = await failedRun(20);
    const run = await store.resumeRun(id, { step: 10 });
    expect(JSON.parse(readFileSync(file("alpha.json"), "utf8"))).toEqual({
      ...{ schema: 1, dtype: "<f4", names: ["chart", "geometry"], steps: [2, 8] },
    });
    expect(readFileSync(file("alpha.f32"))).toHaveLength(2 * 2 * 4);
    expect(() => run.logWeights(11, ["chart", "table"], [1, 2])).toThrow(/entry 1 is "table" of 2/);
    expect(() => run.logWeights(7, ["chart", "geometry"], [1, 2])).toThrow(/the last snapshot is at step 8/);
    run.logWeights(11, ["chart", "geometry"], [1, 2]);
    await run.finish();
    expect((await (await store.read(id)).weights()).last()).toEqual(new Float32Array([1, 2]));
  });

  test("without weights so far may begin to log them", async () => {
    const store = await newStore();
    const { id } = await store.startRun({ name: "x", params: {} }).then(async (run) => (await run.fail("no"), run));
    const run = await store.resumeRun(id, { step: 0 });
    run.logWeights(1, ["a"], [2]);
    await run.finish();
    expect(await (await store.read(id)).weights()).toMatchObject({ names: ["a"], steps: [1] });
  });

  test("loses torn ends, keeps and reports damage before them, and all that is whole up to the step", async () => {
    const { store, id, file } = await failedRun(20);
    const lines = readFileSync(file("events.jsonl"), "utf8").split("\n");
    lines.splice(1, 0, '{"type":"metrics","t":1,"st'); // what a full disk leaves
    writeFileSync(file("events.jsonl"), `${lines.join("\n")}{"type":"metrics","t":1,"step":21,"metr`);
    appendFileSync(file("alpha.f32"), new Uint8Array(5)); // a row begun, not in the header
    const run = await store.resumeRun(id, { step: 15 });
    train(run, 16, 30);
    await run.finish();
    expect(await (await store.read(id)).problems()).toEqual([expect.stringMatching(/events\.jsonl line 2 is cut/)]);
    expect(await measured(store, id)).toEqual(await uninterrupted(30));
  });

  test("goes on after the last whole row when alpha.f32 lost some to a power failure", async () => {
    const { store, id, file } = await failedRun(20);
    truncateSync(file("alpha.f32"), 2 * 8 + 3);
    const run = await store.resumeRun(id, { step: 20 });
    run.logWeights(21, ["chart", "geometry"], [5, 6]);
    await run.finish();
    const record = await store.read(id);
    expect((await record.weights()).steps).toEqual([2, 8, 21]);
    expect((await record.weights()).last()).toEqual(new Float32Array([5, 6]));
    expect(await record.problems()).toEqual([]);
  });

  test("does not count the time between as its own", async () => {
    const { store, id, file } = await failedRun(2);
    const hours = (n: number) => new Date(Date.now() - n * 3_600_000).toISOString();
    edit(file("run.json"), { startedAt: hours(10), endedAt: hours(9) });
    const run = await store.resumeRun(id, { step: 2 });
    const [{ wallMs, resumed }] = await store.list();
    expect(Math.abs(wallMs - 3_600_000)).toBeLessThan(60_000);
    expect(Math.abs((resumed?.[0].gapMs ?? NaN) - 9 * 3_600_000)).toBeLessThan(60_000);
    await run.finish();
  });
});

describe("resuming is refused and changes nothing", () => {
  test("for a run that finished, and for one whose process lives", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: {} });
    train(run, 1, 5);
    const running = content(run.folder);
    await expect(store.resumeRun(run.id, { step: 1 })).rejects.toThrow(
      `run ${run.id} is still running in process ${process.pid}`,
    );
    expect(content(run.folder)).toEqual(running);
    await run.finish();
    const finished = content(run.folder);
    await expect(store.resumeRun(run.id, { step: 1 })).rejects.toThrow(
      `run ${run.id} is finished and cannot be resumed: start a new run`,
    );
    expect(content(run.folder)).toEqual(finished);
  });

  test("for unknown runs, wrong options and read-only stores", async () => {
    const { store, id, file } = await failedRun(5);
    const before = content(file("."));
    await expect(store.resumeRun("zzz", { step: 1 })).rejects.toThrow(/no run "zzz"/);
    await expect(store.resumeRun(id, { step: NaN })).rejects.toThrow(/resumeRun:\s+step: /);
    await expect(store.resumeRun(id, {} as { step: number })).rejects.toThrow(/resumeRun:\s+step: /);
    await expect(store.resumeRun(id, { step: 1, at: 2 } as { step: number })).rejects.toThrow(/"at"/);
    const reader = await openStore(store.folder, { readOnly: true });
    await expect(reader.resumeRun(id, { step: 1 })).rejects.toThrow(/opened with readOnly/);
    expect(content(file("."))).toEqual(before);
  });

  test("for the second of two in one process", async () => {
    const { store, id } = await failedRun(5);
    const [first, second] = await Promise.allSettled([1, 2].map((step) => store.resumeRun(id, { step })));
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({
      reason: { message: expect.stringMatching(/is still running in process/) as string },
    });
    if (first.status === "fulfilled") await first.value.finish();
    expect((await store.read(id)).resumed).toMatchObject([{ step: 1 }]);
  });

  test("while another process is at it, unless that one is dead", async () => {
    const { store, id, file } = await failedRun(5);
    const claim = file(".resuming-AB_c-1.json");
    const before = content(file("."));
    writeFileSync(claim, JSON.stringify(thisProcess()));
    await expect(store.resumeRun(id, { step: 1 })).rejects.toThrow(`is being resumed by process ${process.pid}`);
    writeFileSync(claim, JSON.stringify({ ...thisProcess(), pid: 2 ** 22 + 1 }));
    expect(content(file("."))).toMatchObject(before);
    const run = await store.resumeRun(id, { step: 1 });
    expect(existsSync(claim)).toBe(false);
    await run.finish();
  });
});
