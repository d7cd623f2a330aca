import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { closeBrowser } from "../../lib/figures/render.js";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { liveRun } from "../../lib/views/liveRun.js";
import { showRuns } from "../../lib/views/showRuns.js";
import { temporaryFolder } from "../tracker/folders.js";

/** What the kernel would send to the notebook. */
interface Message {
  data: Record<string, string>;
  transient: { display_id: string };
}
const outputs = new Map<string, Record<string, string>>();
let updates = 0;
const kernel = createRequire(import.meta.url)("tslab/dist/jupyter.js") as { lastWriteDisplayData: unknown };
let store: Store;

beforeAll(async () => {
  store = await openStore(join(temporaryFolder(), "runs"));
});
beforeEach(() => {
  outputs.clear();
  updates = 0;
  kernel.lastWriteDisplayData = ({ data, transient }: Message, update: boolean) => {
    expect(outputs.has(transient.display_id)).toBe(update);
    outputs.set(transient.display_id, data);
    if (update) updates++;
  };
});
afterAll(closeBrowser);

/** Data of the plot whose script names it. */
const shown = () => [...outputs.values()].map((data) => data["text/html"] ?? "").filter((html) => html.includes("Plotly.react")); // prettier-ignore
const pictures = () => [...outputs.values()].filter((data) => "image/svg+xml" in data).map((data) => data["text/plain"]); // prettier-ignore

async function until(what: () => boolean): Promise<void> {
  for (let waited = 0; !what(); waited += 20) {
    if (waited > 20_000) throw new Error("never shown");
    await setTimeout(20);
  }
}

test("a live run draws its curves and weights in place while it logs, and leaves them when it ends", async () => {
  const run = await store.startRun({ name: "live", params: {} });
  const live = liveRun(run, { everyMs: 20 });
  expect(shown()).toHaveLength(1);
  run.log(0, { "lower.loss": 0.75, "upper.loss": 0.5, auc: 0.123 });
  await until(() => shown()[0].includes("0.75"));
  expect(shown()[0]).toContain("upper.loss");
  expect(shown()[0]).not.toContain("0.123"); // losses first
  run.log(1, { "lower.loss": 0.625 });
  run.logWeights(1, ["algebra", "geometry"], [1.25, 0.875]);
  await until(() => shown().length === 2 && shown()[0].includes("0.625"));
  expect(shown()[1]).toContain("1.25");
  const before = outputs.size;
  for (let step = 2; step < 40; step++) {
    run.log(step, { "lower.loss": 1 / (1 + step) });
    run.logWeights(step, ["algebra", "geometry"], [1 + step / 100, 1 - step / 100]);
    await setTimeout(5);
  }
  expect(updates).toBeGreaterThan(4);
  run.log(40, { "lower.loss": 0.03125 });
  await run.finish();
  await live.finish();
  expect(outputs.size).toBe(before); // all of it in place
  expect(shown()[0]).toContain("0.03125");
  expect(pictures()).toEqual([
    expect.stringMatching(/^loss over step: lower\.loss .*upper\.loss/),
    expect.stringMatching(/^Weights of 2 entries .*highest algebra, lowest geometry/),
  ]);
  const last = updates;
  await setTimeout(100);
  expect(updates).toBe(last);
});

test("a run of another process, whose end is seen in its log; chosen metrics; an instance table as its distribution", async () => {
  const run = await store.startRun({ name: "table", params: {} });
  const names = Array.from({ length: 30 }, (_, k) => `row ${k}`);
  for (let step = 0; step < 3; step++) run.logWeights(step, names, names.map((_, k) => 1 + (step * k) / 100)); // prettier-ignore
  for (const step of [0, 1, 1, 0, 2]) run.log(step, { auc: 0.25 + step / 8, loss: NaN }); // steps that go back
  const live = liveRun(await store.read(run.id), { metrics: ["auc", "loss"], everyMs: 20 });
  await until(() => shown().length === 2 && shown()[0].includes("0.25"));
  await run.finish();
  await until(() => pictures().length === 2);
  expect(pictures()).toEqual([
    expect.stringMatching(/^auc over step/),
    expect.stringMatching(/^Distribution of 30 weights over 3 values of step/),
  ]);
  await live.finish();
  expect(pictures()).toHaveLength(2);
});

test("a resumed run, whose log has an earlier end, is followed on", async () => {
  const run = await store.startRun({ name: "resumed", params: {} });
  run.log(1, { loss: 0.25 });
  await run.fail(new Error("boom"));
  const again = await store.resumeRun(run.id, { step: 1 });
  const live = liveRun(again, { everyMs: 20 });
  await until(() => shown()[0].includes("0.25"));
  again.log(2, { loss: 0.125 });
  await until(() => shown()[0].includes("0.125"));
  expect(pictures()).toEqual([]);
  await again.finish();
  await until(() => pictures().length === 1);
  await live.finish();
});

test("a run that logs nothing leaves a word on that", async () => {
  const run = await store.startRun({ name: "silent", params: {} });
  const live = liveRun(run);
  await run.finish();
  await live.finish();
  expect(pictures()).toEqual([expect.stringContaining("has logged nothing yet")]);
});

test("shows the runs of a store as a table", async () => {
  for (const seed of [1, 2]) {
    const run = await store.startRun({ name: `seed ${seed}`, group: "table", params: { seed, lr: 0.1 * seed } });
    run.log(1, { loss: seed / 2 });
    await run.finish({ auc: 0.5 + seed / 8, note: "text", nested: { ece: 0.25 } });
  }
  await showRuns(store, { where: 'group = "table"', sort: "-metrics.auc" });
  const text = [...outputs.values()][0]["text/plain"].split("\n");
  expect(text[0]).toMatch(/^id +name +group +status +seed +minutes +auc +nested\.ece$/);
  expect(text.slice(2).map((line) => line.split(/ {2,}/).slice(1))).toEqual([
    ["seed 2", "table", "finished", "2", "0", "0.75", "0.25"],
    ["seed 1", "table", "finished", "1", "0", "0.625", "0.25"],
  ]);
  outputs.clear();
  await showRuns(store, { where: "seed = 2", limit: 1, columns: ["name", "params.lr", "metrics.loss.best", "tags"] });
  expect([...outputs.values()][0]["text/plain"].split("\n")[2].trimEnd()).toBe("seed 2        0.2                  1");
  await expect(showRuns(store, { where: "nam = 1" })).rejects.toThrow(/column 1/);
});

test("says where it works when there is no kernel", async () => {
  const run = await store.startRun({ name: "x", params: {} });
  kernel.lastWriteDisplayData = null;
  expect(() => liveRun(run)).toThrow(/notebook on the tslab kernel/);
  await run.finish();
});
