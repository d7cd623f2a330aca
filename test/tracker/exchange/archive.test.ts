import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"; // prettier-ignore
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { extract, type Header, pack } from "tar-stream";
import { afterEach, describe, expect, test } from "vitest";
import { packRuns } from "../../../lib/tracker/exchange/packRuns.js";
import { unpackRuns } from "../../../lib/tracker/exchange/unpackRuns.js";
import { openStore, type Store } from "../../../lib/tracker/store.js";
import { temporaryFolder } from "../folders.js";

const root = temporaryFolder();
const newStore = () => openStore(join(root, crypto.randomUUID()));
const newFile = () => join(root, `${crypto.randomUUID()}.tar.gz`);
const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

/** A finished run with all that a run can hold. */
async function logged(store: Store, name: string) {
  const run = await store.startRun({ name, params: { seed: 1 }, tags: ["t"] });
  for (let step = 1; step <= 20; step++) {
    run.log(step, { loss: 1 / step, bad: NaN });
    run.logWeights(step, ["a", "実験"], [step, -step]);
  }
  run.note("φ");
  const artifact = join(root, `${crypto.randomUUID()}.bin`);
  writeFileSync(artifact, Buffer.alloc(300_000, name));
  await run.artifact(artifact, `figures/${"long name ".repeat(15)}/ä b.svg`);
  writeFileSync(artifact, "");
  await run.artifact(artifact, ".empty.12345678"); // looks like one in the making
  await run.finish({ auc: 0.7 });
  return store.read(run.id);
}

/** Every file below a run's folder and its hash. */
function files(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), sha256(readFileSync(path))]));
}

interface RawEntry {
  readonly header: Partial<Header> & Pick<Header, "name">;
  readonly content: Buffer;
}

async function entriesOf(file: string): Promise<RawEntry[]> {
  const found: RawEntry[] = [];
  const reader = extract();
  reader.end(gunzipSync(readFileSync(file)));
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    found.push({ header: { ...entry.header, pax: null }, content: Buffer.concat(chunks) });
  }
  return found;
}

async function writeEntries(entries: readonly RawEntry[]): Promise<string> {
  const file = newFile();
  const writer = pack();
  for (const { header, content } of entries) {
    if (header.type === "file") writer.entry({ ...header, size: content.length }, content);
    else writer.entry({ ...header, size: 0 });
  }
  writer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of writer) chunks.push(chunk as Buffer);
  writeFileSync(file, gzipSync(Buffer.concat(chunks)));
  return file;
}

/** The entries with a manifest that is true of them. */
function relisted(entries: readonly RawEntry[]): RawEntry[] {
  const kept = entries.filter(({ header }) => header.name !== "manifest.json");
  const old = entries.find(({ header }) => header.name === "manifest.json");
  const listed = kept.map(({ header, content }) => ({
    path: header.name,
    sha256: sha256(content),
    bytes: content.length,
  }));
  const { schema } = JSON.parse(old?.content.toString() ?? "{}") as { schema: number };
  const content = Buffer.from(JSON.stringify({ schema, files: listed }));
  return [...kept, { header: { name: "manifest.json", type: "file" }, content }];
}

describe("packed and unpacked", () => {
  test("runs are the same elsewhere, file by file, under the same ids", async () => {
    const [store, other] = [await newStore(), await newStore()];
    const [a, b] = [await logged(store, "a"), await logged(store, "b")];
    await logged(store, "c");
    utimesSync(join(a.folder, "events.jsonl"), 1_600_000_000, 1_600_000_000);
    const file = newFile();
    const packed = await packRuns(store, [a.id, b.id, b.id.slice(0, -1)], file);
    expect(packed.ids).toEqual([a.id, b.id]);
    expect(packed.files).toBe([a, b].flatMap(({ folder }) => Object.keys(files(folder))).length);
    expect(await unpackRuns(other, file)).toEqual({ imported: [a.id, b.id], skipped: [] });
    for (const run of [a, b]) {
      expect(files(join(other.folder, run.id))).toEqual(files(run.folder));
      const copy = await other.read(run.id);
      expect(await copy.series("loss")).toEqual(await run.series("loss"));
      expect((await copy.weights()).entry("実験")).toEqual((await run.weights()).entry("実験"));
      expect(await copy.problems()).toEqual([]);
      expect({ ...copy, folder: "" }).toEqual({ ...(await store.read(run.id)), folder: "", ...methods(copy) });
    }
    expect(statSync(join(other.folder, a.id, "events.jsonl")).mtimeMs).toBe(1_600_000_000_000);
    expect((await other.list()).map(({ id }) => id).sort()).toEqual([a.id, b.id].sort());
    expect(readdirSync(other.folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("tar and sha256sum agree", async () => {
    const store = await newStore();
    const run = await logged(store, "a");
    const file = newFile();
    await packRuns(store, [run.id], file);
    const folder = join(root, crypto.randomUUID());
    mkdirSync(folder);
    const child = spawn("tar", ["-xzf", file, "-C", folder], { stdio: "inherit" });
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(files(join(folder, run.id))).toEqual(files(run.folder));
    const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
      files: { path: string; sha256: string; bytes: number }[];
    };
    for (const { path, sha256: hash, bytes } of manifest.files) {
      const content = readFileSync(join(folder, path));
      expect([sha256(content), content.length], path).toEqual([hash, bytes]);
    }
  });

  test("again: what is there already is skipped, and other content refused with nothing imported", async () => {
    const [store, other] = [await newStore(), await newStore()];
    const [a, b] = [await logged(store, "a"), await logged(store, "b")];
    const [one, both] = [newFile(), newFile()];
    await packRuns(store, [a.id], one);
    await packRuns(store, [a.id, b.id], both);
    await unpackRuns(other, one);
    expect(await unpackRuns(other, one)).toEqual({ imported: [], skipped: [a.id] });
    const edited = join(other.folder, a.id, "events.jsonl");
    const before = readFileSync(edited);
    for (const [path, content] of [
      ["events.jsonl", Buffer.concat([before, before])],
      ["new.txt", "x"],
    ] as const) {
      writeFileSync(join(other.folder, a.id, path), content);
      const wrong = new RegExp(`run ${a.id} is in .* with other content \\(${path}\\)`);
      await expect(unpackRuns(other, both)).rejects.toThrow(wrong);
      if (path === "events.jsonl") writeFileSync(edited, before);
      else rmSync(join(other.folder, a.id, path));
    }
    expect((await other.list()).map(({ id }) => id)).toEqual([a.id]);
    expect(await unpackRuns(other, both)).toEqual({ imported: [b.id], skipped: [a.id] });
  });

  test("refuses no runs, unknown runs, links, and a folder that is not there; leaves no file", async () => {
    const store = await newStore();
    const run = await logged(store, "a");
    const file = newFile();
    await expect(packRuns(store, [], file)).rejects.toThrow(/no runs to pack/);
    await expect(packRuns(store, [run.id, "2020"], file)).rejects.toThrow(/no run "2020"/);
    await expect(packRuns(store, [run.id], join(root, "nowhere", "x.tar.gz"))).rejects.toThrow(
      /cannot write .*x\.tar\.gz \(ENOENT\)/,
    );
    symlinkSync("/etc/hostname", join(run.folder, "artifacts", "link"));
    await expect(packRuns(store, [run.id], file)).rejects.toThrow(/artifacts\/link is a link/);
    expect(readdirSync(root).filter((name) => name.includes(".part"))).toEqual([]);
    expect(existsSync(file)).toBe(false);
    const reader = await openStore(store.folder, { readOnly: true });
    await expect(unpackRuns(reader, file)).rejects.toThrow(/opened with readOnly/);
  });
});

describe("an archive that cannot be trusted", () => {
  /** The entries of a sound archive, for changes. */
  async function sound() {
    const store = await newStore();
    const run = await logged(store, "a");
    const file = newFile();
    await packRuns(store, [run.id], file);
    return { id: run.id, file, entries: await entriesOf(file) };
  }

  async function refused(file: string, message: RegExp) {
    const folder = join(root, crypto.randomUUID());
    const store = await openStore(join(folder, "store"));
    await expect(unpackRuns(store, file), String(message)).rejects.toThrow(message);
    expect(readdirSync(folder), "nothing beside the store").toEqual(["store"]);
    expect(readdirSync(store.folder), "nothing in the store").toEqual([]);
  }

  const plain = (name: string, content = "x"): RawEntry => ({
    header: { name, type: "file" },
    content: Buffer.from(content),
  });

  test("paths that lead elsewhere, by any spelling", async () => {
    const { id, entries } = await sound();
    expect(await unpackRuns(await newStore(), await writeEntries(relisted(entries)))).toMatchObject({ imported: [id] });
    const paths = ["../evil", "/tmp/evil", `${id}/../../evil`, `${id}/../evil`, `${id}\\..\\..\\evil`, `${id}/./x`];
    for (const path of [...paths, `${id}//x`, "evil/x", "index.json", `.${id}/x`, id]) {
      await refused(await writeEntries(relisted([plain(path), ...entries])), /is no path below a run's folder/);
    }
  });

  test.each(["symlink", "link", "directory", "fifo", "character-device"] as const)("a %s", async (type) => {
    const { id, entries } = await sound();
    const entry: RawEntry = {
      header: { name: `${id}/artifacts/x`, type, linkname: "/etc/passwd" },
      content: Buffer.alloc(0),
    };
    await refused(await writeEntries([entry, ...entries]), new RegExp(`artifacts/x/? is a ${type}; .* files only`));
  });

  test("content that is not what the manifest says, more of it, or less", async () => {
    const { id, entries } = await sound();
    const at = entries.findIndex(({ header }) => header.name.endsWith("events.jsonl"));
    const changed = entries.with(at, {
      ...entries[at],
      content: Buffer.from(entries[at].content.toString().replace("1", "2")),
    });
    await refused(await writeEntries(changed), /events\.jsonl has .* its manifest says/);
    await refused(
      await writeEntries(entries.toSpliced(at, 1)),
      /events\.jsonl is missing, though its manifest lists it/,
    );
    await refused(await writeEntries([plain(`${id}/x`), ...entries]), new RegExp(`${id}/x is not in its manifest`));
    await refused(await writeEntries([...entries, plain(`${id}/x`)]), /follows the manifest/);
    await refused(await writeEntries([entries[at], ...entries]), /events\.jsonl occurs twice/);
    await refused(await writeEntries(entries.slice(0, -1)), /has no manifest\.json at its end/);
    await refused(await writeEntries([...entries.slice(0, -1), plain("manifest.json", "{")]), /JSON/);
    await refused(
      await writeEntries([...entries.slice(0, -1), plain("manifest.json", '{"files":1}')]),
      /manifest\.json:[^]*files/,
    );
  });

  test("a newer schema, of the manifest or of a run, a run without its record, and one of another id", async () => {
    const { id, entries } = await sound();
    const at = entries.findIndex(({ header }) => header.name === `${id}/run.json`);
    const newer = entries.with(at, { ...entries[at], content: Buffer.from('{"schema":99}') });
    await refused(await writeEntries(relisted(newer)), /run\.json has schema version 99, .* update dreamprm-lab/);
    const manifest = plain("manifest.json", '{"schema":99,"files":[]}');
    await refused(await writeEntries([...entries.slice(0, -1), manifest]), /manifest\.json has schema version 99/);
    await refused(await writeEntries(relisted(entries.toSpliced(at, 1))), /run\.json does not exist/);
    const other = "20200101-000000-abcdefgh";
    const renamed = entries.map((entry) => ({
      ...entry,
      header: { ...entry.header, name: entry.header.name.replace(id, other) },
    }));
    await refused(await writeEntries(relisted(renamed)), new RegExp(`${other}/run\\.json is that of run ${id}`));
  });

  test("cut off anywhere, damaged, not an archive, not there", async () => {
    const { file } = await sound();
    const bytes = readFileSync(file);
    for (let part = 0; part < 12; part++) {
      const cut = newFile();
      writeFileSync(cut, bytes.subarray(0, Math.floor((bytes.length * part) / 12)));
      await refused(cut, /is no whole archive of runs|has no manifest\.json/);
    }
    const flipped = newFile();
    writeFileSync(
      flipped,
      bytes.map((byte, i) => (i === 400 ? byte ^ 8 : byte)),
    );
    await refused(flipped, /is no whole archive of runs|SHA-256/);
    const text = newFile();
    writeFileSync(text, "hello");
    await refused(text, /is no whole archive of runs/);
    await refused(join(root, "none.tar.gz"), /none\.tar\.gz: cannot be read \(ENOENT\)/);
  });
});

describe("a run that is being written", () => {
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

  test("is packed as it was at some moment: whole lines, whole snapshots, no gap", async () => {
    const [store, other] = [await newStore(), await newStore()];
    const writer = join(import.meta.dirname, "steadyWriter.ts");
    const child = spawn(process.execPath, ["--import", "tsx", writer, store.folder], { stdio: ["ignore", "pipe", "inherit"] }); // prettier-ignore
    children.push(child);
    const id = String((await once(child.stdout, "data"))[0]).trim();
    let last = 0;
    for (let round = 0; round < 20; round++) {
      await setTimeout(50);
      const file = newFile();
      await packRuns(store, [id], file);
      await unpackRuns(other, file);
      const copy = await other.read(id);
      expect(copy).toMatchObject({ status: "interrupted", reason: "packed while it was running" });
      expect(await copy.problems()).toEqual([]);
      const steps = (await copy.series("loss")).map(({ step }) => step);
      expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => i + 1));
      expect(steps.length).toBeGreaterThan(last);
      last = steps.length;
      const weights = await copy.weights();
      expect(weights.steps).toEqual(Array.from({ length: weights.steps.length }, (_, i) => i + 1));
      expect(weights.steps.length).toBeLessThanOrEqual(steps.length);
      expect(weights.entry("b")).toEqual(Float32Array.from(weights.steps, (step) => -step));
      rmSync(copy.folder, { recursive: true });
    }
    expect((await store.read(id)).status).toBe("running");
    expect(readdirSync(join(store.folder, id)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("leaves out what is only half there", async () => {
    const store = await newStore();
    const run = await logged(store, "a");
    const before = Object.keys(files(run.folder)).sort();
    for (const name of [".resuming-x.json", "run.json.123456", join("artifacts", ".model.bin.a-b_c123")]) {
      writeFileSync(join(run.folder, name), "half");
    }
    const file = newFile();
    await packRuns(store, [run.id], file);
    const names = (await entriesOf(file)).map(({ header }) => header.name.slice(run.id.length + 1)).slice(0, -1);
    expect(names.sort()).toEqual(before);
  });
});

test("a file of 200 MB passes through without being held", async () => {
  const store = await newStore();
  const run = await store.startRun({ name: "big", params: {} });
  await run.finish();
  const big = join(run.folder, "artifacts", "checkpoint.bin");
  mkdirSync(join(run.folder, "artifacts"), { recursive: true });
  const chunk = Buffer.alloc(1 << 20, "0123456789abcdef");
  writeFileSync(big, "");
  for (let i = 0; i < 200; i++) writeFileSync(big, chunk, { flag: "a" });
  const file = newFile();
  let peak = 0;
  const before = process.memoryUsage().rss;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - before)), 5);
  const { bytes } = await packRuns(store, [run.id], file);
  const other = await newStore();
  await unpackRuns(other, file);
  clearInterval(watch);
  console.log(`200 MB packed and unpacked, ${Math.round(peak / 2 ** 20)} MB more memory at most`);
  expect(bytes).toBeGreaterThan(200 << 20);
  expect(peak).toBeLessThan(120 << 20);
  expect(files(join(other.folder, run.id))).toEqual(files(run.folder));
});

/** Functions compare by identity. */
const methods = (record: object): object =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => typeof value === "function"));
