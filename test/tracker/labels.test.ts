import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");
let folders = 0;
const newStore = () => openStore(join(root, `store ${folders++}`));

test("a run that is being written is renamed, grouped, tagged, noted and archived from another store", async () => {
  const store = await newStore();
  const run = await store.startRun({ name: "first", group: "a", notes: "begun", params: {} });
  const other = await openStore(store.folder);
  expect(await other.list({ group: "a" })).toMatchObject([{ name: "first", notes: "begun" }]);
  await other.update(run.id.slice(0, -1), { name: "Zweiter ✓", tags: ["paper"] });
  run.setSummary({ auc: 0.5 }); // the writer knows nothing of the labels
  await other.update(run.id, { group: null, notes: "a line\nanother" });
  const labels = { name: "Zweiter ✓", tags: ["paper"], notes: "a line\nanother", summary: { auc: 0.5 } };
  for (const reader of [store, other]) {
    expect(await reader.list()).toMatchObject([{ ...labels, status: "running" }]);
    expect(await reader.read(run.id)).toMatchObject(labels);
    expect((await reader.read(run.id)).group).toBeUndefined();
  }
  await run.finish();
  await other.update(run.id, { group: "b", archived: true });
  expect(await store.list()).toEqual([]);
  expect(await store.list({ archived: true })).toMatchObject([{ ...labels, group: "b", archived: true }]);
  expect(await store.list({ archived: "all" })).toHaveLength(1);
  await store.update(run.id, { archived: false });
  expect(await store.list({ archived: true })).toEqual([]);
  const [summary] = await (await openStore(store.folder, { readOnly: true })).list();
  expect(summary).not.toHaveProperty("archived");
});

test("changes made at once are all kept", async () => {
  const store = await newStore();
  const run = await store.startRun({ name: "x", params: {} });
  const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(store.folder)));
  const changes = [{ name: "n" }, { group: "g" }, { tags: ["t"] }, { notes: "text" }];
  await Promise.all(stores.map((s, i) => s.update(run.id, changes[i])));
  expect(await store.read(run.id)).toMatchObject(Object.assign({}, ...changes) as object);
  await run.finish();
});

test("wrong changes are refused by name, and nothing changes", async () => {
  const store = await newStore();
  const run = await store.startRun({ name: "x", params: {} });
  await expect(store.update(run.id, { name: "", colour: "red" } as object)).rejects.toThrow(
    /update:[^]*name[^]*colour/,
  );
  await expect(store.update("zzz", { name: "y" })).rejects.toThrow(/no run "zzz"/);
  const reader = await openStore(store.folder, { readOnly: true });
  await expect(reader.update(run.id, { name: "y" })).rejects.toThrow(/opened with readOnly/);
  expect((await store.read(run.id)).name).toBe("x");
  await run.finish();
});

test("damaged labels are reported; the run is listed as it was started", async () => {
  const store = await newStore();
  const run = await store.startRun({ name: "started", params: {} });
  await run.finish();
  await store.update(run.id, { name: "renamed" });
  const file = join(run.folder, "labels.json");
  writeFileSync(file, readFileSync(file, "utf8").replace("renamed", "rename!"));
  expect(await store.list()).toMatchObject([{ name: "started" }]);
  expect(await store.unreadable()).toEqual([
    { id: run.id, reason: expect.stringMatching(/labels\.json is damaged/) as string },
  ]);
  expect(await (await store.read(run.id)).problems()).toEqual([expect.stringMatching(/labels\.json is damaged/)]);
  await expect(store.update(run.id, { notes: "n" })).rejects.toThrow(/labels\.json is damaged/);
});

test("children name their parent", async () => {
  const store = await newStore();
  const parent = await store.startRun({ name: "sweep", params: {} });
  const ids: string[] = [];
  for (const name of ["a", "b"]) {
    const child = await store.startRun({ name, params: {}, parent: parent.id.slice(0, -1) });
    await child.finish();
    ids.push(child.id);
  }
  await store.update(ids[0], { archived: true });
  expect((await store.children(parent.id)).map((run) => [run.id, run.parent]).sort()).toEqual(
    ids.map((id) => [id, parent.id]).sort(),
  );
  expect(await store.children(ids[0])).toEqual([]);
  expect((await store.list({ parent: parent.id })).map((run) => run.name)).toEqual(["b"]);
  await expect(store.startRun({ name: "c", params: {}, parent: "zzz" })).rejects.toThrow(/no run "zzz"/);
  await parent.finish();
});
