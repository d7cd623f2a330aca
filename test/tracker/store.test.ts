import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seal } from "../../lib/tracker/seal.js";
import { openStore, type StartRun } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
let folders = 0;
const newStore = () => openStore(join(root, `store ${folders++}`));

// what is not committed in this repository is no part of the runs here
process.env.GIT_DIR = join(root, "no repository");

const anyText = expect.any(String) as string;

/** Changes run.json as a newer version would. */
function edit(file: string, change: (json: Record<string, unknown>) => void): void {
  const { crc: _crc, ...json } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  change(json);
  writeFileSync(file, seal(JSON.stringify(json)));
}

describe("a run", () => {
  test("reads back as it was logged", async () => {
    const store = await newStore();
    const params = { seed: 3, lower: { learningRate: 0.01 }, cap: Infinity, note: "NaN" };
    const run = await store.startRun({
      name: "Versuch α",
      group: "demo",
      tags: ["small"],
      params,
      dataFiles: [{ path: "train.json", sha256: "ab", rows: 2 }],
      backend: { name: "wasm", threads: 1 },
    });
    params.lower.learningRate = 99; // the record is a copy
    run.log(1, { loss: 0.5, auc: NaN });
    run.log(2, { loss: -Infinity });
    run.note("watch this\nclosely ✓");
    run.setSummary({ auc: 0.6, domains: { a: 1 } });
    run.setSummary({ auc: 0.7 });
    await run.finish({ best: NaN });

    const record = await store.read(run.id);
    expect(record).toMatchObject({ name: "Versuch α", group: "demo", tags: ["small"], status: "finished", seed: 3 });
    expect(record.params).toEqual({ seed: 3, lower: { learningRate: 0.01 }, cap: Infinity, note: "NaN" });
    expect(record.summary).toEqual({ auc: 0.7, domains: { a: 1 }, best: NaN });
    expect(record.dataFiles).toEqual([{ path: "train.json", sha256: "ab", rows: 2 }]);
    expect(await record.metrics()).toEqual(["loss", "auc"]);
    expect(await record.series("loss")).toEqual([
      { step: 1, value: 0.5 },
      { step: 2, value: -Infinity },
    ]);
    expect(await record.series("auc")).toEqual([{ step: 1, value: NaN }]);
    expect(await record.series("toString")).toEqual([]);
    expect((await record.events()).slice(2)).toMatchObject([
      { type: "note", text: "watch this\nclosely ✓" },
      { type: "status", status: "finished" },
    ]);
    expect(await record.problems()).toEqual([]);
    expect(readdirSync(run.folder).sort()).toEqual(["events.jsonl", "run.json"]);
    expect(run.id).toMatch(/^\d{8}-\d{6}-[0-9A-Za-z]{8}$/);
  });

  test("takes an engine's iterations: levels by name, weights after every second upper update", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "blo", params: {}, weightsEvery: 2 });
    for (let iteration = 1; iteration <= 10; iteration++) {
      const upper = iteration % 2 === 0 ? { upper: { loss: 2, learningRate: 0.1, gradientNorm: 3 } } : {};
      const lower = { loss: 1, weightedLoss: 4, learningRate: 0.5, gradientNorm: iteration === 1 ? undefined : 7 };
      run.log({ iteration, lower, ...upper, weights: () => ({ names: ["a"], values: new Float32Array([iteration]) }) });
    }
    await run.finish();
    const record = await store.read(run.id);
    expect(await record.metrics()).toEqual([
      ...["lower.loss", "lower.weightedLoss", "lower.learningRate", "lower.gradientNorm"],
      ...["upper.loss", "upper.learningRate", "upper.gradientNorm"],
    ]);
    expect((await record.series("lower.gradientNorm")).map((p) => p.step)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await record.series("upper.loss")).map((p) => p.step)).toEqual([2, 4, 6, 8, 10]);
    expect((await record.weights()).steps).toEqual([2, 6, 10]);
  });

  test("keeps artifacts whole, by name and hash; finish waits for them", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "files", params: {} });
    const source = join(root, "φ 1.bin");
    writeFileSync(source, "first");
    await run.artifact(source);
    writeFileSync(source, "second");
    void run.artifact(source);
    void run.artifact(source, "figures/a b.svg");
    await run.finish();
    const { artifacts } = await store.read(run.id);
    const sha256 = createHash("sha256").update("second").digest("hex");
    expect([...artifacts].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "figures/a b.svg", sha256, bytes: 6 },
      { name: "φ 1.bin", sha256, bytes: 6 },
    ]);
    expect(readFileSync(join(run.folder, "artifacts", "figures", "a b.svg"), "utf8")).toBe("second");
  });

  test("refuses artifacts that are missing, folders, or would land outside", async () => {
    const run = await (await newStore()).startRun({ name: "files", params: {} });
    await expect(run.artifact(join(root, "none.bin"))).rejects.toThrow(/none\.bin cannot be read \(ENOENT\)/);
    await expect(run.artifact(root)).rejects.toThrow(/is no file/);
    const source = join(root, "ok.bin");
    writeFileSync(source, "x");
    for (const name of ["../run.json", "a/../../run.json", "/etc/x", "", ".", "a/"]) {
      await expect(run.artifact(source, name), name).rejects.toThrow(/below the run's artifacts folder/);
    }
    await run.finish();
    expect(existsSync(join(run.folder, "artifacts"))).toBe(false);
  });

  test("keeps the error that made it fail", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "bad", params: {} });
    await run.fail(new RangeError("loss is NaN at step 7"));
    const record = await store.read(run.id);
    expect(record).toMatchObject({ status: "failed", reason: "loss is NaN at step 7" });
    expect(record.error?.stack).toContain("store.test.ts");
  });

  test("takes no more once it has ended, and no metric that is no number", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: {} });
    expect(() => run.log(4, { loss: "0.5" as unknown as number })).toThrow(/"loss" at step 4 .* got string: 0\.5/);
    await run.finish();
    expect(() => run.log(5, { loss: 1 })).toThrow(/is finished; log needs a new run/);
    expect(() => run.setSummary({})).toThrow(/is finished/);
    await expect(run.finish()).rejects.toThrow(/is finished/);
    expect(await (await store.read(run.id)).metrics()).toEqual([]);
  });
});

describe("the environment", () => {
  test("holds commit, versions, hardware and backend, and no environment variable", async () => {
    process.env.DREAMPRM_TEST_SECRET = "hunter2-secret";
    process.env.DREAMPRM_NOTEBOOK = "01-look.ipynb";
    const { GIT_DIR } = process.env;
    delete process.env.GIT_DIR;
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: {}, backend: "wasm" });
    Object.assign(process.env, { GIT_DIR });
    delete process.env.DREAMPRM_NOTEBOOK;
    await run.finish();
    const { environment } = await store.read(run.id);
    const own = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(environment).toMatchObject({
      node: process.version,
      version: own.version,
      backend: "wasm",
      notebook: "01-look.ipynb",
      cwd: process.cwd(),
    });
    const { version } = JSON.parse(readFileSync("node_modules/lowdb/package.json", "utf8")) as { version: string };
    expect(environment.packages.lowdb).toBe(version);
    expect(environment.lockFile?.sha256).toBe(
      createHash("sha256").update(readFileSync("package-lock.json")).digest("hex"),
    );
    if (existsSync(".git")) expect(environment.git?.commit).toMatch(/^[0-9a-f]{40,64}$/);
    expect(readFileSync(join(run.folder, "run.json"), "utf8")).not.toContain("hunter2-secret");
  });
});

describe("the list", () => {
  test("is newest first, filtered by group, status and tag, with or without its index", async () => {
    const store = await newStore();
    const ids: string[] = [];
    for (const [name, group, tag] of [
      ["a", "g", "t"],
      ["b", "g", "u"],
      ["c", "h", "t"],
    ]) {
      // prettier-ignore
      const run = await store.startRun({ name, group, tags: [tag], params: {} });
      ids.unshift(run.id);
      await (name === "b" ? run.fail("no") : run.finish({ n: 1 }));
    }
    const names = async (filter?: object) => (await store.list(filter)).map((run) => run.name);
    expect((await store.list()).map((run) => run.id)).toEqual(ids);
    expect(await names({ group: "g" })).toEqual(["b", "a"]);
    expect(await names({ status: "failed" })).toEqual(["b"]);
    expect(await names({ tag: "t", group: "g" })).toEqual(["a"]);

    const index = join(store.folder, "index.json");
    const before = await store.list();
    expect(Object.keys((JSON.parse(readFileSync(index, "utf8")) as { runs: object }).runs).sort()).toEqual(
      [...ids].sort(),
    );
    for (const damage of ["", "{", "[]", '{"schema":1,"runs":{"x":null}}', '{"schema":99,"runs":{}}']) {
      writeFileSync(index, damage);
      expect(await store.list(), damage).toEqual(before);
    }
    rmSync(join(store.folder, ids[0]), { recursive: true });
    expect(await names()).toEqual(["b", "a"]);
  });

  test("reindexes: the cache is made anew from the folders", async () => {
    const store = await newStore();
    const runs = [];
    for (const name of ["a", "b"]) runs.push(await store.startRun({ name, params: {} }));
    for (const run of runs) await run.finish();
    await store.list();
    rmSync(runs[0].folder, { recursive: true });
    writeFileSync(join(runs[1].folder, "run.json"), "{");
    expect(await store.reindex()).toEqual({ runs: 0, unreadable: [{ id: runs[1].id, reason: anyText }] });
    expect(await (await openStore(store.folder)).list()).toEqual([]);
    const third = await store.startRun({ name: "c", params: {} });
    await third.finish();
    expect(await store.reindex()).toMatchObject({ runs: 1 });
    const index = JSON.parse(readFileSync(join(store.folder, "index.json"), "utf8")) as { runs: object };
    expect(Object.keys(index.runs)).toEqual([third.id]);
    const reader = await openStore(store.folder, { readOnly: true });
    await expect(reader.reindex()).rejects.toThrow(/opened with readOnly/);
  });

  test("shows what a run changed since the index was written", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: {} });
    expect(await store.list()).toMatchObject([{ status: "running", summary: {} }]);
    run.setSummary({ auc: 0.5 });
    expect(await store.list()).toMatchObject([{ status: "running", summary: { auc: 0.5 } }]);
    await run.finish();
    expect(await store.list()).toMatchObject([{ status: "finished", summary: { auc: 0.5 } }]);
  });

  test("leaves out what it cannot read, says so, and never lists half a run", async () => {
    const store = await newStore();
    const good = await store.startRun({ name: "good", params: {} });
    await good.finish();
    const [torn, newer, empty] = await Promise.all(
      ["torn", "newer", "empty"].map((name) => store.startRun({ name, params: {} })),
    );
    for (const run of [torn, newer, empty]) await run.finish();
    writeFileSync(join(torn.folder, "run.json"), '{"schema":1,"id":');
    edit(join(newer.folder, "run.json"), (json) => (json.schema = 7));
    rmSync(join(empty.folder, "run.json"));
    mkdirSync(join(store.folder, ".20260101-000000-ABCDEFGH"));
    expect((await store.list()).map((run) => run.name)).toEqual(["good"]);
    const reasons = new Map((await store.unreadable()).map(({ id, reason }) => [id, reason]));
    expect(reasons.get(torn.id)).toMatch(/run\.json is not valid JSON/);
    expect(reasons.get(newer.id)).toMatch(/schema version 7, .* reads up to 2/);
    expect(reasons.get(empty.id)).toMatch(/ENOENT/);
    expect(reasons.size).toBe(3);
  });
});

describe("reading", () => {
  test("finds a run by the beginning of its id, if only one begins so", async () => {
    const store = await newStore();
    const runs = await Promise.all([1, 2].map((i) => store.startRun({ name: `r${i}`, params: {} })));
    for (const run of runs) await run.finish();
    expect((await store.read(runs[0].id.slice(0, -1))).name).toBe("r1");
    await expect(store.read(runs[0].id.slice(0, 6))).rejects.toThrow(/begins the ids of 2 runs/);
    await expect(store.read("zzz")).rejects.toThrow(/no run "zzz" in .*the newest of 2 is 2/);
    await expect(store.read("")).rejects.toThrow(/no run ""/);
    await expect(store.read("../x")).rejects.toThrow(/no run/);
  });

  test("refuses a newer schema by its version and names every wrong field", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: {} });
    await run.finish();
    const file = join(run.folder, "run.json");
    edit(file, (json) => (json.schema = 3));
    await expect(store.read(run.id)).rejects.toThrow(/run\.json has schema version 3, .* up to 2: update dreamprm-lab/);
    edit(file, (json) => Object.assign(json, { schema: 1, status: "great", tags: "a" }));
    await expect(store.read(run.id)).rejects.toThrow(/run\.json:[^]*tags: [^]*status: .*got "great"/);
  });

  test("refuses a record that was changed, by hand or by a disk, and that of another run", async () => {
    const store = await newStore();
    const runs = [];
    for (const name of ["a", "b"]) runs.push(await store.startRun({ name, params: { rate: 0.125 } }));
    for (const run of runs) await run.finish();
    const [file, other] = runs.map((run) => join(run.folder, "run.json"));
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("0.125", "0.175"));
    await expect(store.read(runs[0].id)).rejects.toThrow(
      /run\.json is damaged or was edited by hand: its checksum is \d+/,
    );
    writeFileSync(file, text.replace(/,\s*"crc": \d+/, ""));
    await expect(store.read(runs[0].id)).rejects.toThrow(/run\.json is damaged .* "crc", is missing/);
    writeFileSync(file, readFileSync(other));
    await expect(store.read(runs[0].id)).rejects.toThrow(`is that of run ${runs[1].id}`);
    writeFileSync(file, text);
    expect((await store.read(runs[0].id)).params).toEqual({ rate: 0.125 });
  });

  test("drops a torn last line and reports it", async () => {
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: {} });
    run.log(1, { loss: 1 });
    await run.finish();
    const log = join(run.folder, "events.jsonl");
    writeFileSync(log, `${readFileSync(log, "utf8")}{"type":"metrics","t":1,"step":2,"metr`);
    const record = await store.read(run.id);
    expect(await record.series("loss")).toEqual([{ step: 1, value: 1 }]);
    expect(await record.problems()).toEqual([
      expect.stringMatching(/events\.jsonl line 3 is cut or damaged: \{"type"/),
    ]);
  });
});

describe("opening and starting", () => {
  test("refuses a file, a missing store to be read, and writing through a read-only store", async () => {
    const file = join(root, "a file");
    writeFileSync(file, "");
    await expect(openStore(file)).rejects.toThrow(/a file is a file, not a folder/);
    await expect(openStore(join(file, "below"))).rejects.toThrow(/cannot write .*below \(ENOTDIR\)/);
    await expect(openStore(join(root, "nowhere"), { readOnly: true })).rejects.toThrow(/no run store at .*nowhere/);
    const store = await newStore();
    const run = await store.startRun({ name: "x", params: {} });
    await run.finish();
    const reader = await openStore(store.folder, { readOnly: true });
    expect((await reader.list()).map((r) => r.id)).toEqual([run.id]);
    await expect(reader.startRun({ name: "y", params: {} })).rejects.toThrow(/opened with readOnly/);
    expect(readdirSync(store.folder)).toEqual([run.id]); // not even an index
  });

  test.each([
    ["no name", { name: "", params: {} }, /name/],
    ["an unknown option", { name: "x", params: {}, parms: 1 }, /parms/],
    ["params that are no object", { name: "x", params: [1] }, /params/],
    ["params that cannot be stored", { name: "x", params: { f: () => 1 } }, /params\.f is a function/],
    ["half a snapshot interval", { name: "x", params: {}, weightsEvery: 0.5 }, /weightsEvery.*got 0\.5/],
  ])("startRun refuses %s and leaves nothing", async (_what, options, message) => {
    const store = await newStore();
    await expect(store.startRun(options as StartRun)).rejects.toThrow(message);
    expect(readdirSync(store.folder)).toEqual([]);
  });

  test("startRun says what to do when the store's folder is gone", async () => {
    const store = await newStore();
    rmSync(store.folder, { recursive: true });
    await expect(store.startRun({ name: "x", params: {} })).rejects.toThrow(
      /cannot write .* \(ENOENT\): .*moved or deleted/,
    );
  });
});
