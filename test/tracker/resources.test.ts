import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { ResourceMeter } from "../../lib/tracker/resources.js";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");

/** Keeps one core busy. */
function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test("a meter samples no more often than asked, and counts the CPU time since its last sample", async () => {
  const meter = new ResourceMeter({ everyMs: 100, tensors: () => 7 });
  expect(meter.sample()).toBeUndefined();
  spin(400);
  const busy = meter.sample();
  expect(busy).toMatchObject({ tensors: 7 });
  expect(meter.sample()).toBeUndefined();
  await sleep(400);
  const idle = meter.sample();
  expect(busy?.cpuPercent).toBeGreaterThan(idle?.cpuPercent ?? NaN);
  expect(busy?.rssBytes).toBeGreaterThan(2 ** 20);
  expect(meter.usage().cpuMs).toBeGreaterThan(10);
  expect(meter.usage().peakRssBytes).toBeGreaterThanOrEqual(idle?.rssBytes ?? NaN);
});

test.each([
  ["that waits", () => sleep(5)],
  ["that never waits", () => undefined],
])("a run %s keeps a series of them apart from its metrics", async (_what, pause) => {
  const store = await openStore(join(root, "runs"));
  const run = await store.startRun({ name: "x", params: {}, resources: { everyMs: 20, tensors: () => 3 } });
  for (let step = 1; step <= 20; step++) {
    spin(5);
    run.log(step, { loss: 1 });
    await pause();
  }
  await run.finish();
  const record = await store.read(run.id);
  const samples = (await record.events()).filter((event) => event.type === "resources");
  expect(samples.length).toBeGreaterThanOrEqual(2);
  for (const sample of samples) {
    expect(sample.tensors).toBe(3);
    expect(sample.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(sample.rssBytes).toBeGreaterThan(2 ** 20);
  }
  expect(await record.metrics()).toEqual(["loss"]);
  expect(record.usage?.peakRssBytes).toBeGreaterThan(2 ** 20);
  expect(record.usage?.cpuMs).toBeGreaterThan(10);
  expect(await record.problems()).toEqual([]);
});

test("wrong options are refused by name", async () => {
  const store = await openStore(join(root, "runs"));
  const start = (options: object) => store.startRun({ name: "x", params: {}, ...options });
  await expect(start({ resources: { everyMs: 0 } })).rejects.toThrow(/resources\.everyMs/);
  await expect(start({ resources: { tensors: 3 } })).rejects.toThrow(/resources\.tensors: expected a function/);
  await expect(start({ onWriteError: "ignore" })).rejects.toThrow(/onWriteError/);
  await expect(start({ durable: 1 })).rejects.toThrow(/durable/);
});
