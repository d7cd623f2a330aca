import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { RunTail } from "../../lib/views/runTail.js";
import { temporaryFolder } from "../tracker/folders.js";

const folder = join(temporaryFolder(), "runs");
let store: Store;
beforeAll(async () => {
  store = await openStore(folder);
});

const series = (tail: RunTail) => Object.fromEntries(tail.metrics);
const weights = ({ weights }: RunTail) => ({ steps: weights.steps, rows: weights.rows.map((row) => [...row]) });

test("each look gives what came since the last one", async () => {
  const run = await store.startRun({ name: "a", params: {} });
  const tail = new RunTail(run);
  expect(await tail.look()).toEqual([]);
  run.log(1, { loss: 1 });
  run.logWeights(1, ["x", "y"], [1, 2]);
  expect(await tail.look()).toMatchObject([{ type: "metrics", step: 1 }]);
  run.log(2, { loss: NaN, auc: 0.5 });
  run.note("here");
  run.logWeights(2, ["x", "y"], [3, 4]);
  expect(await tail.look()).toMatchObject([{ step: 2 }, { type: "note", text: "here" }]);
  expect(await tail.look()).toEqual([]);
  const loss = [{ step: 1, value: 1 }, { step: 2, value: NaN }]; // prettier-ignore
  expect(series(tail)).toEqual({ loss, auc: [{ step: 2, value: 0.5 }] });
  expect(weights(tail)).toEqual({ steps: [1, 2], rows: [[1, 2], [3, 4]] }); // prettier-ignore
  expect(tail.weights.names).toEqual(["x", "y"]);
  await run.finish();
  expect(await tail.look()).toMatchObject([{ type: "status", status: "finished" }]);
});

test("a line without its end waits until it is whole", async () => {
  const run = await store.startRun({ name: "torn", params: {} });
  run.log(1, { loss: 1 });
  await run.finish();
  const whole = new RunTail(run);
  await whole.look();
  const log = join(run.folder, "events.jsonl");
  appendFileSync(log, '{"type":"metr');
  expect(await whole.look()).toEqual([]);
  appendFileSync(log, 'ics"}\n'); // no event of this run: it has no checksum
  expect(await whole.look()).toEqual([]);
  expect([...whole.metrics.keys()]).toEqual(["loss"]);
});

test("a resumed run is read anew: what was taken back is gone", async () => {
  const run = await store.startRun({ name: "resumed", params: {} });
  const tail = new RunTail(run);
  for (let step = 1; step <= 6; step++) {
    run.log(step, { loss: step });
    run.logWeights(step, ["x"], [step]);
  }
  await tail.look();
  await run.fail(new Error("boom"));
  const again = await store.resumeRun(run.id, { step: 3 });
  for (let step = 4; step <= 6; step++) {
    again.log(step, { loss: -step });
    again.logWeights(step, ["x"], [-step]);
  }
  await tail.look();
  expect(series(tail).loss.map(({ value }) => value)).toEqual([1, 2, 3, -4, -5, -6]);
  expect(weights(tail)).toEqual({ steps: [1, 2, 3, 4, 5, 6], rows: [[1], [2], [3], [-4], [-5], [-6]] });
  await again.finish();
});

test("of a long history some snapshots are read, the last one always, and then all that come", async () => {
  const run = await store.startRun({ name: "long", params: {} });
  for (let step = 1; step <= 1001; step++) run.logWeights(step, ["x"], [step]);
  const tail = new RunTail(run);
  await tail.look();
  const { steps } = tail.weights;
  expect(steps.length).toBeGreaterThan(150);
  expect(steps.length).toBeLessThanOrEqual(250);
  expect(steps.at(-1)).toBe(1001);
  for (const step of [1002, 1003]) run.logWeights(step, ["x"], [step]);
  await tail.look();
  expect(tail.weights.steps.slice(-3)).toEqual([1001, 1002, 1003]);
  await run.finish();
});

test("of many weights the quantiles are kept; one that is not finite makes its snapshot a gap", async () => {
  const run = await store.startRun({ name: "many", params: {} });
  const names = Array.from({ length: 21 }, (_, k) => `${k}`);
  run.logWeights(1, names, names.map(Number)); // prettier-ignore
  run.logWeights(2, names, names.map(() => NaN)); // prettier-ignore
  const tail = new RunTail(run);
  await tail.look();
  expect(tail.weights.entries).toBe(21);
  expect(weights(tail)).toEqual({ steps: [1], rows: [[1, 5, 10, 15, 19, 10]] });
  await run.finish();
});
