import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { keptIndices, reportCurve, SHOWN_POINTS } from "../../lib/report/curves.js";
import { scriptSafe } from "../../lib/report/document.js";
import { runReport, writeReport } from "../../lib/report/report.js";
import type { ReportData } from "../../lib/report/types.js";
import { reportWeights } from "../../lib/report/weights.js";
import { AlphaSeries } from "../../lib/tracker/alpha/series.js";
import { parse } from "../../lib/tracker/plain.js";
import type { Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "../tracker/folders.js";
import { HOSTILE, ROWS, sampleStore, STEPS } from "./samples.js";

const root = temporaryFolder();
let store: Store;
beforeAll(async () => void (store = await sampleStore()));

/** The data inside a page, found as an HTML parser finds it: up to the first end of a script element. */
function dataOf(html: string): ReportData {
  const [, json] = /<script type="application\/json" id="report-data">(.*?)<\/script/s.exec(html) ?? [];
  return parse(json) as ReportData;
}

describe("thinning", () => {
  test.each([10, 600, 1999, 2000, 20_000])("%i values: extremes, ends and the first oddity of each kind stay", (n) => {
    let state = 1;
    const values = Array.from({ length: n }, () => (state = (state * 16807) % 2147483647) / 2147483647);
    const [low, high, odd] = [Math.floor(n / 3), Math.floor(n / 2), Math.floor(n / 5)];
    values[low] = -5;
    values[high] = 5;
    values[odd] = NaN;
    const kept = keptIndices(values, 600);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
    expect(kept).toEqual(expect.arrayContaining([0, low, high, odd, n - 1]));
    expect(kept.length).toBeLessThanOrEqual(n <= 600 ? n : 602);
    expect(n <= 600 || kept.length > 500).toBe(true);
  });

  test("every bucket's extremes stay, so that each stretch keeps its envelope", () => {
    const values = Array.from({ length: 10_000 }, (_, i) => Math.sin(i) * (1 + i / 10_000));
    const kept = keptIndices(values, 200);
    for (let start = 0; start < 10_000; start += 500) {
      const stretch = values.slice(start, start + 500);
      const shown = kept.filter((i) => i >= start && i < start + 500).map((i) => values[i]);
      expect(Math.max(...shown)).toBeGreaterThan(0.95 * Math.max(...stretch));
      expect(Math.min(...shown)).toBeLessThan(0.95 * Math.min(...stretch));
    }
  });

  test("runs of one configuration keep the same steps, and no value is invented", () => {
    const points = (seed: number) =>
      Array.from({ length: 5000 }, (_, step) => ({ step, value: Math.fround(Math.sin(step * seed)) }));
    const curve = reportCurve("loss", 0, [
      { run: 4, points: points(0.01) },
      { run: 7, points: points(0.013).slice(0, 100) },
    ]);
    expect(curve.steps.length).toBeLessThanOrEqual(SHOWN_POINTS + 4);
    expect(curve.runs.map(({ run, points }) => [run, points])).toEqual([
      [4, 5000],
      [7, 100],
    ]);
    curve.runs[0].values.forEach((value, i) => expect(value).toBeCloseTo(Math.sin(curve.steps[i] * 0.01), 4));
    expect(curve.runs[1].values.filter((value) => value !== null)).toHaveLength(100);
    expect(curve.runs[1].shown).toBe(100);
  });

  test("of values at the same step the last counts; NaN and infinities stay themselves", () => {
    const values = [1, NaN, Infinity, -Infinity, 2];
    const points = [...values.map((value, step) => ({ step, value })), { step: 0, value: 9 }, { step: NaN, value: 8 }];
    const { steps, runs } = reportCurve("loss", 0, [{ run: 0, points }]);
    expect(steps).toEqual([0, 1, 2, 3, 4]);
    expect(runs[0]).toEqual({ run: 0, values: [9, NaN, Infinity, -Infinity, 2], points: 7, shown: 5 });
  });
});

describe("weights", () => {
  test("few entries: all of them, heaviest first", () => {
    const series = new AlphaSeries(["a", "b", "c"], [0, 5], Float32Array.of(1, 1, 1, 0.5, 2, NaN));
    const weights = reportWeights(series, (name) => (name === "b" ? "text of b" : undefined));
    expect(weights?.rows).toEqual([
      { name: "b", rank: 1, values: [1, 2], text: "text of b" },
      { name: "a", rank: 2, values: [1, 0.5] },
      { name: "c", rank: 3, values: [1, NaN] },
    ]);
    expect(weights).toMatchObject({ entries: 3, snapshots: 2, steps: [0, 5] });
    expect(reportWeights(new AlphaSeries([], [], new Float32Array()), () => undefined)).toBeUndefined();
  });

  test("many: quantiles and counts of all, the ten heaviest and lightest by name", () => {
    const names = Array.from({ length: 1001 }, (_, k) => `row ${k}`);
    const steps = Array.from({ length: 100 }, (_, t) => t);
    const values = Float32Array.from({ length: 100 * 1001 }, (_, i) => (i % 1001) / 1000);
    const weights = reportWeights(new AlphaSeries(names, steps, values), () => undefined);
    expect(weights?.steps).toHaveLength(60);
    expect([weights?.steps[0], weights?.steps.at(-1)]).toEqual([0, 99]);
    expect(weights?.rows.map((row) => row.rank)).toEqual(
      [...Array(10).keys(), ...Array.from({ length: 10 }, (_, i) => 991 + i)].map((r) => r + 1),
    );
    expect(weights?.rows[0]).toMatchObject({ name: "row 1000", rank: 1 });
    expect(weights?.rows.at(-1)).toMatchObject({ name: "row 0", rank: 1001 });
    expect(weights?.spread?.quantiles.map((row) => row[0])).toEqual([0.05, 0.25, 0.5, 0.75, 0.95]);
    for (const counts of weights?.spread?.histogram ?? []) expect(counts.reduce((a, b) => a + b)).toBe(1001);
  });

  test("a weight that is not finite is told, and the rest is shown", () => {
    const names = Array.from({ length: 21 }, (_, k) => `row ${k}`);
    const series = new AlphaSeries(
      names,
      [3],
      Float32Array.from(names, (_, k) => (k === 4 ? NaN : k)),
    );
    const weights = reportWeights(series, () => undefined);
    expect(weights?.spread).toBeUndefined();
    expect(weights?.problem).toMatch(/"row 4" at step 3 is NaN/);
    expect(weights?.rows[0].name).toBe("row 20");
    expect(weights?.rows.at(-1)?.name).toBe("row 4");
  });
});

describe("the page's text", () => {
  test("holds the runs as they are stored, NaN and infinities among them", async () => {
    const { path, runs } = await writeReport(store, join(root, "new folder", "report.html"), { title: "Study" });
    expect(runs).toBe(7);
    const data = dataOf(readFileSync(path, "utf8"));
    expect(data).toMatchObject({ title: "Study", store: store.folder });
    expect(data.runs.map((run) => [run.name, run.status, run.seed])).toEqual(
      (await store.list()).map((run) => [run.name, run.status, run.seed]),
    );
    const failed = data.runs.find((run) => run.status === "failed");
    expect(failed?.error).toContain(`loss is NaN ${HOSTILE}`);
    expect(failed?.notes[0].text).toBe(HOSTILE);
    const loss = data.curves.filter((curve) => curve.metric === "loss").flatMap((curve) => curve.runs);
    expect(loss.find(({ run }) => data.runs[run] === failed)?.values).toEqual([0.5, NaN, Infinity]);
    expect(loss.find(({ run }) => data.runs[run].name === "uniform")?.points).toBe(STEPS);
    expect(data.runs.map((run) => run.weights?.entries)).toContain(ROWS);
  });

  test("groups runs that differ in the seed alone, with mean, deviation and interval", async () => {
    const records = await Promise.all((await store.list()).map((run) => store.read(run.id)));
    const { configs } = dataOf(await runReport(records));
    const learned = configs.find((config) => config.name === "learned");
    expect(learned).toMatchObject({ runs: 3, unfinished: 0, params: { weighting: "instance-table" } });
    expect(learned?.metrics.auc.mean).toBeCloseTo(0.72, 12);
    expect(learned?.metrics.auc.std).toBeCloseTo(0.01, 12);
    expect(configs.find((config) => config.name === HOSTILE)).toMatchObject({ runs: 1, unfinished: 1 });
  });

  test("what a name or a note holds cannot end the script or open a comment", async () => {
    const records = await Promise.all((await store.list()).map((run) => store.read(run.id)));
    const html = await runReport(records, { title: HOSTILE, store: HOSTILE, query: HOSTILE });
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toContain("<img");
    expect(html).not.toContain("<!--");
    expect(dataOf(html).title).toBe(HOSTILE);
    expect(scriptSafe(`{"a":"</script>"}`)).toBe(`{"a":"\\u003c/script>"}`);
  });

  test("chosen by query or by id; wrong choices write nothing", async () => {
    const file = join(root, "chosen.html");
    const where = 'name = "learned" and seed >= 2';
    expect((await writeReport(store, file, { where, sort: "seed" })).runs).toBe(2);
    const data = dataOf(readFileSync(file, "utf8"));
    expect(data.query).toBe(where);
    expect(data.runs.map((run) => run.seed)).toEqual([2, 3]);
    const [{ id }] = await store.list();
    await writeReport(store, file, { runs: [id] });
    expect(dataOf(readFileSync(file, "utf8")).runs.map((run) => run.id)).toEqual([id]);

    const before = readdirSync(root);
    const other = join(root, "other.html");
    await expect(writeReport(store, other, { where: "seed > 99" })).rejects.toThrow("no run where seed > 99 in");
    await expect(writeReport(store, other, { where: "seed >" })).rejects.toThrow();
    await expect(writeReport(store, other, { runs: ["nope"] })).rejects.toThrow('no run "nope"');
    await expect(writeReport(store, other, { where, runs: [id] })).rejects.toThrow("`where` or `runs`, not both");
    await expect(writeReport(store, join(file, "x.html"))).rejects.toThrow(/cannot write .*chosen\.html/);
    expect(readdirSync(root)).toEqual(before);
  });

  test("stays small: 50 runs × 10 metrics × 2,000 points", async () => {
    const [run] = await store.list();
    const record = await store.read(run.id);
    const metrics = Array.from({ length: 10 }, (_, m) => `metric ${m}`);
    const eventsOf = (i: number) =>
      Array.from({ length: 2000 }, (_, step) => ({
        ...{ type: "metrics" as const, t: 0, step },
        metrics: Object.fromEntries(metrics.map((name, m) => [name, Math.sin(step * (m + 1.1) * (i + 1)) / 3])),
      }));
    const many = Array.from({ length: 50 }, (_, i) => ({
      ...{ ...record, id: `run-${i}`, params: { seed: i % 5, method: Math.floor(i / 5) } },
      events: () => Promise.resolve(eventsOf(i)),
    }));
    const bytes = Buffer.byteLength(await runReport(many));
    console.log(`50 runs × 10 metrics × 2,000 points: ${(bytes / 2 ** 20).toFixed(2)} MiB`);
    expect(bytes).toBeLessThan(4 * 2 ** 20);
  });
});
