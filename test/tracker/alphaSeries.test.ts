import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AlphaSeries } from "../../lib/tracker/alpha/series.js";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
const names = ["chart", "Geometrie ü", 'quo"te'];
const start = async () => {
  const store = await openStore(root);
  return { store, run: await store.startRun({ name: "α", params: {} }) };
};
const weightsOf = async (store: Store, id: string) => (await store.read(id)).weights();

describe("a weight series", () => {
  test("reads back by step, by entry and last", async () => {
    const { store, run } = await start();
    run.logWeights(0, names, new Float32Array([1, 1, 1]));
    run.logWeights(5, names, [0.5, 1.5, NaN]); // plain numbers do as well
    expect(await weightsOf(store, run.id)).toMatchObject({ names, steps: [0, 5] }); // while it runs
    run.logWeights(20, [...names], new Float64Array([0.1, 2, 3]));
    await run.finish();
    const series = await weightsOf(store, run.id);
    expect(series.steps).toEqual([0, 5, 20]);
    expect(series.values).toEqual(new Float32Array([1, 1, 1, 0.5, 1.5, NaN, 0.1, 2, 3]));
    expect(series.entry("Geometrie ü")).toEqual(new Float32Array([1, 1.5, 2]));
    expect(series.last()).toEqual(new Float32Array([0.1, 2, 3]));
    expect(series.at(5)).toEqual(new Float32Array([0.5, 1.5, NaN]));
    expect(series.at(19)).toEqual(new Float32Array([0.5, 1.5, NaN]));
    expect(series.at(1e9)).toEqual(series.last());
    expect(() => series.at(-1)).toThrow(/no weights at step -1: the first snapshot is at step 0/);
    expect(() => series.entry("charts")).toThrow(/no weight named "charts"; there are 3: chart, /);
  });

  test("is on disk what NumPy reads: little-endian float32 rows, valid JSON after every snapshot", async () => {
    const { run } = await start();
    for (const step of [1, 10, 100]) {
      run.logWeights(step, ["a", "b"], [step, 0.25]);
      const header = JSON.parse(readFileSync(join(run.folder, "alpha.json"), "utf8")) as { steps: number[] };
      expect(header.steps.at(-1)).toBe(step);
      expect(statSync(join(run.folder, "alpha.f32")).size).toBe(header.steps.length * 8);
    }
    await run.finish();
    const bytes = readFileSync(join(run.folder, "alpha.f32"));
    expect(bytes.readFloatLE(8)).toBe(10);
    expect(bytes.readFloatLE(20)).toBe(0.25);
    expect(JSON.parse(readFileSync(join(run.folder, "alpha.json"), "utf8"))).toEqual({
      schema: 1,
      dtype: "<f4",
      names: ["a", "b"],
      steps: [1, 10, 100],
    });
  });

  test("writes a view of a larger buffer, not the buffer", async () => {
    const { store, run } = await start();
    run.logWeights(1, ["a", "b"], new Float32Array([9, 1, 2, 9]).subarray(1, 3));
    await run.finish();
    expect((await weightsOf(store, run.id)).last()).toEqual(new Float32Array([1, 2]));
  });

  test("is empty when nothing was logged", async () => {
    const { store, run } = await start();
    await run.finish();
    const series = await weightsOf(store, run.id);
    expect(series).toMatchObject({ names: [], steps: [] });
    expect(() => series.last()).toThrow(/no snapshot was logged/);
  });

  test("refuses other names, lengths, twins and steps that go back, and keeps what it has", async () => {
    const { store, run } = await start();
    expect(() => run.logWeights(1, ["a", "a"], [1, 2])).toThrow(/"a" occurs twice/);
    expect(() => run.logWeights(1, [], [])).toThrow(/no names/);
    run.logWeights(3, ["a", "b"], [1, 2]);
    expect(() => run.logWeights(4, ["a", "c"], [1, 2])).toThrow(/entry 1 is "c" of 2, the run began with "b" of 2/);
    expect(() => run.logWeights(4, ["a"], [1])).toThrow(/of 1, the run began with "a" of 2/);
    expect(() => run.logWeights(4, ["a", "b"], [1, 2, 3])).toThrow(/2 names but 3 values/);
    expect(() => run.logWeights(2, ["a", "b"], [1, 2])).toThrow(/the last snapshot is at step 3/);
    await run.finish();
    expect(await weightsOf(store, run.id)).toMatchObject({ steps: [3], values: new Float32Array([1, 2]) });
  });
});

describe("damaged weight files", () => {
  const twoRows = async () => {
    const { store, run } = await start();
    run.logWeights(1, ["a", "b"], [1, 2]);
    run.logWeights(2, ["a", "b"], [3, 4]);
    await run.finish();
    return { store, run, file: (name: string) => join(run.folder, name) };
  };

  test("a row cut short is left out and reported", async () => {
    const { store, run, file } = await twoRows();
    truncateSync(file("alpha.f32"), 13);
    const record = await store.read(run.id);
    expect(await record.weights()).toMatchObject({ steps: [1], values: new Float32Array([1, 2]) });
    expect(await record.problems()).toEqual([expect.stringMatching(/alpha\.f32 holds 1 of 2 snapshots/)]);
  });

  test("a row without its step, as kill −9 leaves it, is no snapshot", async () => {
    const { store, run, file } = await twoRows();
    appendFileSync(file("alpha.f32"), new Uint8Array(5));
    expect((await weightsOf(store, run.id)).steps).toEqual([1, 2]);
  });

  test("a header cut short is read up to its last whole step", async () => {
    const { store, run, file } = await twoRows();
    const header = readFileSync(file("alpha.json"), "utf8");
    writeFileSync(file("alpha.json"), header.slice(0, header.indexOf(",2]}") + 2));
    expect((await weightsOf(store, run.id)).steps).toEqual([1]);
    writeFileSync(file("alpha.json"), header.slice(0, header.indexOf("[1,") + 1));
    expect((await weightsOf(store, run.id)).steps).toEqual([]);
  });

  test("a newer schema is refused", async () => {
    const { store, run, file } = await twoRows();
    writeFileSync(file("alpha.json"), readFileSync(file("alpha.json"), "utf8").replace('"schema":1', '"schema":4'));
    await expect(weightsOf(store, run.id)).rejects.toThrow(/alpha\.json has schema version 4/);
  });
});

test("a series refuses values that do not fit", () => {
  expect(() => new AlphaSeries(["a", "b"], [1], new Float32Array(3))).toThrow(/3 values are no \[1, 2\] matrix/);
});
