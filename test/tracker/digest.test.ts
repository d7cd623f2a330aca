import { appendFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { digestOf } from "../../lib/tracker/digest.js";
import { EventLog } from "../../lib/tracker/events.js";
import { LogDigest } from "../../lib/tracker/logDigest.js";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");
const points = (...values: number[]) => values.map((value, i) => ({ step: 2 * i + 1, value }));

test("a digest by hand: order, extremes, mean of the finite values", () => {
  expect(digestOf(points(3, 1, 2, 1))).toEqual({
    ...{ points: 4, first: { step: 1, value: 3 }, last: { step: 7, value: 1 } },
    ...{ min: { step: 3, value: 1 }, max: { step: 1, value: 3 }, mean: 7 / 4 },
  });
  const odd = digestOf(points(NaN, 2, Infinity, 4, -Infinity, NaN));
  expect([odd.points, odd.min.value, odd.max.value, odd.mean]).toEqual([6, -Infinity, Infinity, 3]);
  expect([odd.first.value, odd.last.value]).toEqual([NaN, NaN]);
  const none = digestOf(points(NaN, NaN));
  expect([none.min, none.max, none.mean]).toEqual([{ step: 1, value: NaN }, { step: 1, value: NaN }, NaN]);
  expect(() => digestOf([])).toThrow(/empty series/);
});

test("the list's digests are those of the series: while it runs, when it has ended, from the cache, after a resumption", async () => {
  const store = await openStore(join(root, "live"));
  const run = await store.startRun({ name: "x", params: {} });
  const draw = random(1);
  const expected = async (reader = store) => {
    const record = await reader.read(run.id);
    const series = await Promise.all((await record.metrics()).map(async (name) => [name, await record.series(name)]));
    return Object.fromEntries((series as [string, []][]).map(([name, values]) => [name, digestOf(values)]));
  };
  for (let step = 1; step <= 300; step++) {
    run.log(step, { loss: draw.next(), ...(step % 7 === 0 && { auc: step % 21 === 0 ? NaN : draw.next() }) });
    if (step % 50 === 0) expect((await store.list())[0].digests).toEqual(await expected());
  }
  expect(Object.keys((await store.list())[0].digests)).toEqual(["loss", "auc"]);
  await run.fail("no");
  expect((await store.list())[0].digests).toEqual(await expected());
  expect((await (await openStore(store.folder)).list())[0].digests).toEqual(await expected());

  const again = await store.resumeRun(run.id, { step: 100 });
  expect((await store.list())[0].digests.loss).toMatchObject({ points: 100, last: { step: 100 } });
  again.log(101, { loss: -5 });
  await again.finish();
  expect((await store.list())[0].digests.loss).toMatchObject({ points: 101, min: { step: 101, value: -5 } });
  expect((await store.read(run.id)).digests).toEqual(await expected());
});

test("a line is counted once it is whole, and a log that was replaced from its beginning", () => {
  const file = join(root, "log.jsonl");
  const digest = new LogDigest(file, { id: "a", sealed: true });
  expect(digest.look()).toEqual({});
  const log = new EventLog(file, "a");
  log.metrics(1, { loss: 2 });
  expect(digest.look().loss.points).toBe(1);
  appendFileSync(file, '{"type":"metrics"');
  expect(digest.look().loss.points).toBe(1);
  truncateSync(file, 0);
  expect(digest.look()).toEqual({});
  log.close();
});
