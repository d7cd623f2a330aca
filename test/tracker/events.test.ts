import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readEvents } from "../../lib/tracker/eventReader.js";
import { EventLog } from "../../lib/tracker/events.js";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");
const file = join(root, "events.jsonl");

function logged(id: string, steps: number): string[] {
  writeFileSync(file, "");
  const log = new EventLog(file, id);
  for (let step = 0; step < steps; step++) log.metrics(step, { loss: step / 8 });
  log.close();
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

/** Steps that are read from these lines, and what is said of the others. */
async function read(lines: string[], end = "\n") {
  writeFileSync(file, lines.join("\n") + end);
  const { events, problems } = await readEvents(file, { id: "a", sealed: true });
  const steps = events.map((event) => (event.type === "metrics" ? event.step : event.type));
  return { steps, problems: problems.map((problem) => problem.slice(file.length + 1)) };
}

test("lines are JSON with a number and a checksum", async () => {
  const lines = logged("a", 3);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { type: "metrics", step: 0, metrics: { loss: 0 }, n: 0, crc: expect.any(Number) as number },
    { step: 1, n: 1 },
    { step: 2, n: 2 },
  ]);
  expect(await read(lines)).toEqual({ steps: [0, 1, 2], problems: [] });
});

test("a changed digit, a torn line, a missing, repeated, moved and foreign one are told from good ones", async () => {
  const [a, b, c, d, e] = logged("a", 5);
  const changed = b.replace('"step":1', '"step":7');
  expect(await read([a, changed, c])).toEqual({
    steps: [0, 2],
    problems: [`line 2 is cut or damaged: ${changed.slice(0, 80)}`],
  });
  expect(await read([a, b], "")).toMatchObject({ steps: [0], problems: [expect.stringMatching(/^line 2 is cut/)] });
  expect(await read([a, b.slice(0, 20), c])).toMatchObject({
    steps: [0, 2],
    problems: [expect.stringMatching(/^line 2 is cut/)],
  });
  expect(await read([a, d, e])).toEqual({ steps: [0, 3, 4], problems: ["2 events before line 2 are missing"] });
  expect(await read([a, "", b, b, c])).toEqual({
    steps: [0, 1, 2],
    problems: ["line 4 repeats event 1: it is left out"],
  });
  expect(await read([b, a, c])).toEqual({
    ...{ steps: [1, 2] },
    problems: ["1 events before line 1 are missing", "line 2 repeats event 0: it is left out"],
  });
  const unsealed = '{"type":"metrics","t":1,"step":1,"metrics":{"loss":1}}';
  expect((await read([a, unsealed, b])).problems).toEqual([`line 2 is cut or damaged: ${unsealed}`]);
  const foreign = logged("b", 2)[1];
  expect((await read([a, foreign, c])).problems).toEqual([`line 2 is cut or damaged: ${foreign.slice(0, 80)}`]);
  expect(await read([a, b + c, d])).toMatchObject({
    steps: [0, 3],
    problems: [/^line 2 is cut/, /^1 events/].map((p) => expect.stringMatching(p) as string),
  });
});

test("after a resumption the numbers go on, and what was damaged or missing before is still told", async () => {
  const store = await openStore(join(root, "resumed"));
  const run = await store.startRun({ name: "x", params: {} });
  for (let step = 0; step < 10; step++) run.log(step, { loss: step });
  await run.fail("no");
  const log = join(run.folder, "events.jsonl");
  const lines = readFileSync(log, "utf8").split("\n");
  lines[1] = lines[1].replace('"loss":1', '"loss":9');
  lines.splice(4, 2);
  writeFileSync(log, lines.join("\n"));
  const told = [/line 2 is cut or damaged/, /2 events before line 5 are missing/].map(
    (p) => expect.stringMatching(p) as string,
  );
  expect(await (await store.read(run.id)).problems()).toEqual(told);
  const again = await store.resumeRun(run.id, { step: 7 });
  for (let step = 8; step < 12; step++) again.log(step, { loss: step });
  await again.finish();
  const record = await store.read(run.id);
  expect((await record.series("loss")).map((p) => p.step)).toEqual([0, 2, 3, 6, 7, 8, 9, 10, 11]);
  expect(await record.problems()).toEqual(told);
});

test("a log that does not reach the end of its run is told", async () => {
  const store = await openStore(join(root, "short"));
  const run = await store.startRun({ name: "x", params: {} });
  run.log(1, { loss: 1 });
  run.log(2, { loss: 1 });
  await run.finish();
  const log = join(run.folder, "events.jsonl");
  writeFileSync(log, readFileSync(log, "utf8").split("\n").slice(0, 2).join("\n") + "\n");
  expect(await (await store.read(run.id)).problems()).toEqual([
    expect.stringMatching(/does not reach the end of the run/),
  ]);
});

test("a store of schema 1 opens, and a run of it that is resumed gets the new schema", async () => {
  const id = "20250101-120000-AAAAAAAA";
  const store = await openStore(join(root, "old"));
  cpSync(join(__dirname, "schema1"), store.folder, { recursive: true });
  expect(await store.list()).toMatchObject([
    { id, name: "old", notes: "", status: "failed", digests: { loss: { points: 3 } } },
  ]);
  const record = await store.read(id);
  expect(record.environment.gpus).toEqual([]);
  expect(await record.series("loss")).toEqual([1, 2, 3].map((step) => ({ step, value: step === 2 ? NaN : step / 2 })));
  expect(await record.problems()).toEqual([]);
  const run = await store.resumeRun(id, { step: 2 });
  run.log(3, { loss: 7 });
  await run.finish();
  const json = JSON.parse(readFileSync(join(run.folder, "run.json"), "utf8")) as object;
  expect(json).toMatchObject({ schema: 2, notes: "", crc: expect.any(Number) as number });
  for (const line of readFileSync(join(run.folder, "events.jsonl"), "utf8").trim().split("\n")) {
    expect(JSON.parse(line)).toMatchObject({ n: expect.any(Number) as number, crc: expect.any(Number) as number });
  }
  const resumed = await store.read(id);
  expect(await resumed.problems()).toEqual([]);
  expect((await resumed.series("loss")).map((p) => p.value)).toEqual([0.5, NaN, 7]);
});
