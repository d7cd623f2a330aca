import { createHash } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");
let folders = 0;
const newStore = () => openStore(join(root, `store ${folders++}`));

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const source = join(root, "φ 1.bin");

test("the same content is on the disk once, under every run's own name", async () => {
  const store = await newStore();
  const runs = await Promise.all(["a", "b"].map((name) => store.startRun({ name, params: {} })));
  writeFileSync(source, "weights");
  await Promise.all(runs.flatMap((run) => [run.artifact(source), run.artifact(source, "best/φ.bin")]));
  for (const run of runs) await run.finish();
  const object = join(store.folder, "objects", sha256("weights").slice(0, 2), sha256("weights"));
  const files = runs.flatMap((run) => ["φ 1.bin", "best/φ.bin"].map((name) => join(run.folder, "artifacts", name)));
  expect(new Set([...files, object].map((file) => statSync(file).ino)).size).toBe(1);
  expect(statSync(object).nlink).toBe(5);
  expect(statSync(object).mode & 0o222).toBe(0); // changing it in one run would change it in all
});

test("a kept file is found by name and checked when asked", async () => {
  const store = await newStore();
  const run = await store.startRun({ name: "a", params: {} });
  writeFileSync(source, "weights");
  await run.artifact(source, "best/φ.bin");
  await run.finish();
  const record = await store.read(run.id);
  const path = await record.artifact("best/φ.bin", { verify: true });
  expect(readFileSync(path, "utf8")).toBe("weights");
  await expect(record.artifact("worst")).rejects.toThrow(/no artifact "worst" in .*; there are: best\/φ\.bin/);
  chmodSync(path, 0o644);
  writeFileSync(path, "weightz");
  expect(await record.artifact("best/φ.bin")).toBe(path);
  await expect(record.artifact("best/φ.bin", { verify: true })).rejects.toThrow(/was changed since it was kept/);
  writeFileSync(path, "weigh");
  await expect(record.artifact("best/φ.bin")).rejects.toThrow(/was changed since it was kept/);

  // a later run does not get the damaged object
  const next = await store.startRun({ name: "b", params: {} });
  await next.artifact(source);
  await next.finish();
  expect(readFileSync(await (await store.read(next.id)).artifact("φ 1.bin", { verify: true }), "utf8")).toBe("weights");
});

test("without hard links a run keeps a copy of its own", async () => {
  const store = await newStore();
  writeFileSync(join(store.folder, "objects"), "in the way"); // no object can be made
  const run = await store.startRun({ name: "a", params: {} });
  writeFileSync(source, "weights");
  await run.artifact(source, "one");
  await run.artifact(source, "two");
  await run.finish();
  const record = await store.read(run.id);
  const paths = await Promise.all(["one", "two"].map((name) => record.artifact(name, { verify: true })));
  expect(new Set(paths.map((path) => statSync(path).ino)).size).toBe(2);
});

test("the notebook that started a run is kept as it was last saved", async () => {
  const store = await newStore();
  const notebook = join(root, "07 look.ipynb");
  writeFileSync(notebook, "cells");
  process.env.DREAMPRM_NOTEBOOK = notebook;
  const run = await store.startRun({ name: "a", params: {} });
  delete process.env.DREAMPRM_NOTEBOOK;
  writeFileSync(notebook, "cells and outputs");
  await run.finish();
  const record = await store.read(run.id);
  expect(record.environment.notebook).toBe(notebook);
  expect(readFileSync(await record.artifact("environment/notebook.ipynb"), "utf8")).toBe("cells and outputs");
});
