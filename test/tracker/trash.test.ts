import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seal } from "../../lib/tracker/seal.js";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");
let folders = 0;
const newStore = () => openStore(join(root, `store ${folders++}`));

async function runWith(store: Store, name: string, content: string) {
  const run = await store.startRun({ name, params: {} });
  const file = join(root, "checkpoint.bin");
  writeFileSync(file, content);
  await run.artifact(file);
  await run.finish({ auc: 0.5 });
  return run;
}

const objects = (store: Store) =>
  readdirSync(join(store.folder, "objects"), { recursive: true, encoding: "utf8" }).filter((name) => name.length > 60);

test("what is removed is in the trash and comes back whole", async () => {
  const store = await newStore();
  const run = await runWith(store, "gone", "weights");
  await store.list();
  const before = await store.read(run.id);
  await store.remove(run.id.slice(0, -1));
  expect(await store.list({ archived: "all" })).toEqual([]);
  await expect(store.read(run.id)).rejects.toThrow(/no run/);
  const [trashed] = await store.trash();
  expect(trashed).toMatchObject({ id: run.id, name: "gone" });
  expect(Date.now() - Date.parse(trashed.removedAt)).toBeLessThan(60_000);
  expect(readdirSync(join(store.folder, "trash", run.id)).filter((name) => name.startsWith("."))).toEqual([]);
  await store.restore(run.id);
  expect(await store.trash()).toEqual([]);
  const after = await store.read(run.id);
  expect(JSON.stringify(after)).toBe(JSON.stringify(before));
  expect(readFileSync(await after.artifact("checkpoint.bin", { verify: true }), "utf8")).toBe("weights");
});

test("emptying deletes for good what is old enough, and artifacts that no other run has", async () => {
  const store = await newStore();
  const [a, b, c] = [
    await runWith(store, "a", "shared"),
    await runWith(store, "b", "own"),
    await runWith(store, "c", "shared"),
  ];
  await store.remove(a.id);
  await store.remove(b.id);
  const labels = join(store.folder, "trash", a.id, "labels.json");
  const { crc: _crc, ...json } = JSON.parse(readFileSync(labels, "utf8")) as Record<string, unknown>;
  writeFileSync(
    labels,
    seal(JSON.stringify({ ...json, removedAt: new Date(Date.now() - 10 * 86_400_000).toISOString() })),
  );
  expect(objects(store)).toHaveLength(2);
  expect(await store.emptyTrash({ olderThanDays: 11 })).toEqual([]);
  expect(await store.emptyTrash({ olderThanDays: 9 })).toEqual([a.id]);
  expect(objects(store)).toHaveLength(2);
  expect(await store.emptyTrash()).toEqual([b.id]);
  expect(objects(store)).toHaveLength(1);
  expect(statSync(join(c.folder, "artifacts", "checkpoint.bin")).nlink).toBe(2);
  await expect(store.restore(b.id)).rejects.toThrow(/no run .* in .*trash/);
  await expect(store.emptyTrash({ olderThanDays: -1 })).rejects.toThrow(/olderThanDays/);
});

test("a running run is not removed; one that cannot be read is", async () => {
  const store = await newStore();
  const run = await store.startRun({ name: "x", params: {} });
  await expect(store.remove(run.id)).rejects.toThrow(`run ${run.id} is still running in process ${process.pid}`);
  run.log(1, { loss: 1 });
  await run.finish();
  writeFileSync(join(run.folder, "run.json"), "{");
  await store.remove(run.id);
  expect(await store.trash()).toMatchObject([{ id: run.id, name: "" }]);
  await expect((await openStore(store.folder, { readOnly: true })).emptyTrash()).rejects.toThrow(/readOnly/);
  expect(existsSync(join(store.folder, "trash", run.id, "events.jsonl"))).toBe(true);
});

test("a run does not come back over another of its id", async () => {
  const store = await newStore();
  const run = await runWith(store, "a", "x");
  const copy = await newStore();
  await store.remove(run.id);
  mkdirSync(run.folder);
  cpSync(join(store.folder, "trash", run.id, "run.json"), join(run.folder, "run.json"));
  await expect(store.restore(run.id)).rejects.toThrow(/is in .* already/);
  await expect(copy.restore(run.id)).rejects.toThrow(/no run/);
});
