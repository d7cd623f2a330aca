import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { random } from "../../lib/core/random.js";
import { AlphaWriter, readAlpha } from "../../lib/tracker/alpha/files.js";
import { openAlpha } from "../../lib/tracker/alpha/reader.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
const newFolder = () => mkdtempSync(join(root, "α "));
const steps = [0, 3, 3.5, 20];

/** Weights that tell their entry and their snapshot. */
const weightsAt = (t: number, entries: number) => Float32Array.from({ length: entries }, (_, k) => k + t / 8);

function written(names: readonly string[], at: readonly number[] = steps): string {
  const folder = newFolder();
  const writer = new AlphaWriter(folder, names);
  at.forEach((step, t) => writer.append(step, names, weightsAt(t, names.length)));
  writer.close();
  return folder;
}

const odd = (k: number) => `zeile ${k} "ü"\n`;
const namings: [string, readonly string[], string[]][] = [
  ["a few names, in the header", ["chart", "Geometrie ü", 'quo"te'], []],
  ["many names, in a file of their own", Array.from({ length: 3000 }, (_, k) => odd(k)), ["alpha.names.json"]],
  ["many numbers, by their count", Array.from({ length: 3000 }, (_, k) => `${k}`), []],
];

describe.each(namings)("%s", (_, names, files) => {
  const folder = written(names);

  test("lie in files that need no library of ours", () => {
    expect(readdirSync(folder).sort()).toEqual(["alpha.crc", "alpha.f32", "alpha.json", ...files]);
    const bytes = readFileSync(join(folder, "alpha.f32"));
    expect(bytes).toHaveLength(steps.length * names.length * 4);
    steps.forEach((_step, t) => expect(bytes.readFloatLE((t * names.length + 2) * 4)).toBe(2 + t / 8));
    const { names: stored, ...header } = JSON.parse(readFileSync(join(folder, "alpha.json"), "utf8")) as { names: unknown }; // prettier-ignore
    expect(header).toEqual({ schema: 1, dtype: "<f4", steps });
    if (files.length > 0) expect(JSON.parse(readFileSync(join(folder, files[0]), "utf8"))).toEqual(names);
    else expect(stored).toEqual(names.length < 1000 ? names : { consecutive: names.length });
  });

  test("read back by entry, by index, by step, by snapshot and whole", async () => {
    const alpha = await openAlpha(folder);
    expect([alpha.entries, alpha.steps, await alpha.names()]).toEqual([names.length, steps, names]);
    for (const k of [0, 1, names.length >> 1, names.length - 1]) {
      const expected = { steps, values: Float32Array.from(steps, (_step, t) => k + t / 8) };
      expect(await alpha.entryAt(k)).toEqual(expected);
      expect(await alpha.entry(names[k])).toEqual(expected);
    }
    expect(await alpha.row(2)).toEqual(weightsAt(2, names.length));
    expect(await alpha.at(19)).toEqual(weightsAt(2, names.length));
    const { series, problem } = await readAlpha(folder);
    expect([series.names, series.steps, problem]).toEqual([names, steps, undefined]);
    steps.forEach((step, t) => expect(series.at(step)).toEqual(weightsAt(t, names.length)));
    expect(alpha.problems).toEqual([]);
    await alpha.close();
  });

  test("refuse what is not there", async () => {
    const alpha = await openAlpha(folder);
    for (const name of ["zeile", `${names.length}`, "-1", "1.0", " 1", "", "NaN"]) {
      await expect(alpha.entry(name)).rejects.toThrow(`no weight named "${name}"; there are ${names.length}: `);
    }
    for (const k of [-1, names.length, 0.5]) await expect(alpha.entryAt(k)).rejects.toThrow(`no weight has index ${k}`);
    await expect(alpha.at(-1)).rejects.toThrow(/no weights at step -1: the first snapshot is at step 0/);
    await expect(alpha.row(4)).rejects.toThrow(/no snapshot 4; there are 4/);
    await alpha.close();
  });

  test("continue after a step, with the same names", async () => {
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    const writer = (await AlphaWriter.continue(copy, 3)) as AlphaWriter;
    expect(() => writer.append(2, names, weightsAt(0, names.length))).toThrow(/the last snapshot is at step 3/);
    expect(() => writer.append(9, ["x", ...names.slice(1)], weightsAt(0, names.length))).toThrow(/entry 0 is "x"/);
    writer.append(9, names, weightsAt(7, names.length));
    writer.close();
    const { series, problem } = await readAlpha(copy);
    expect([series.steps, problem]).toEqual([[0, 3, 9], undefined]);
    expect(series.last()).toEqual(weightsAt(7, names.length));
    expect(series.at(3)).toEqual(weightsAt(1, names.length));
  });
});

test("NumPy reads the same matrix", () => {
  const script = `
import json, numpy, sys, zlib
head = json.load(open(sys.argv[1] + "/alpha.json"))
names = head["names"] if isinstance(head["names"], list) else json.load(open(sys.argv[1] + "/" + head["names"]["file"]))
values = numpy.fromfile(sys.argv[1] + "/alpha.f32", "<f4").reshape(-1, len(names))
sums = numpy.fromfile(sys.argv[1] + "/alpha.crc", "<u4").reshape(len(values), -1)
start = zlib.crc32(json.dumps(head["names"], separators=(",", ":")).encode())
own = zlib.crc32(values[1, 1024:2048].tobytes(), zlib.crc32(b" %d" % head["steps"][1], start))
print(json.dumps([values.shape, values[2, 5].item(), values.sum(axis=1).tolist(), names[7], sums.shape, bool(own == sums[1, 1])]))`;
  const python = spawnSync("python3", ["-c", script, written(namings[1][1])], { encoding: "utf8" });
  if (python.error || /No module named 'numpy'/.test(python.stderr)) return console.log("skipped: python3 with numpy is not installed"); // prettier-ignore
  const sums = steps.map((_, t) => (3000 * 2999) / 2 + (3000 * t) / 8);
  expect(JSON.parse(python.stdout)).toEqual([[4, 3000], 5.25, sums, odd(7), [4, 3], true]);
});

test("an entry of a large table is read without the rest", async () => {
  const many = Array.from({ length: 200_000 }, (_, k) => `${k}`);
  const at = Array.from({ length: 20 }, (_, t) => t);
  const alpha = await openAlpha(written(many, at));
  const bytesRead = () => Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
  const counted = process.platform === "linux";
  const before = counted ? bytesRead() : 0;
  expect((await alpha.entry("123456")).values).toEqual(Float32Array.from(at, (t) => 123456 + t / 8));
  if (!counted) console.log("skipped the count of bytes: there is no /proc/self/io");
  else expect(bytesRead() - before).toBeLessThan(1e6); // of 16 MB
  await alpha.close();
});

test("a folder without weights gives a reader of nothing", async () => {
  const alpha = await openAlpha(newFolder());
  expect([alpha.entries, alpha.steps, await alpha.names(), alpha.problems]).toEqual([0, [], [], []]);
  expect((await alpha.matrix()).values).toHaveLength(0);
  await expect(alpha.at(1)).rejects.toThrow(/no snapshot was logged/);
  await expect(alpha.entryAt(0)).rejects.toThrow(/there are 0/);
  await alpha.close();
  expect(await AlphaWriter.continue(newFolder(), 1)).toBeUndefined();
});

describe("a store of before, without checksums", () => {
  const names = Array.from({ length: 1500 }, (_, k) => odd(k));
  const old = (): string => {
    const folder = newFolder();
    writeFileSync(join(folder, "alpha.json"), `${JSON.stringify({ schema: 1, dtype: "<f4", names, steps })}\n`);
    const rows = steps.map((_, t) => Buffer.from(weightsAt(t, names.length).buffer));
    writeFileSync(join(folder, "alpha.f32"), Buffer.concat(rows));
    return folder;
  };

  test("opens", async () => {
    const { series, problem } = await readAlpha(old());
    expect([series.names, series.steps, problem]).toEqual([names, steps, undefined]);
    expect(series.last()).toEqual(weightsAt(3, names.length));
  });

  test("gets checksums for all of its snapshots when it is continued", async () => {
    const folder = old();
    const writer = (await AlphaWriter.continue(folder, 4)) as AlphaWriter;
    writer.append(5, names, weightsAt(9, names.length));
    writer.close();
    const { series, problem } = await readAlpha(folder);
    expect([series.names, series.steps, problem]).toEqual([names, [0, 3, 3.5, 5], undefined]);
    flip(join(folder, "alpha.f32"), 8 * 4 * 1400);
    const damaged = await readAlpha(folder);
    expect(damaged.series.steps).toEqual([3, 3.5, 5]);
    expect(damaged.problem).toMatch(/alpha\.f32: the snapshot at step 0 is damaged/);
  });
});

function flip(file: string, bit: number): void {
  const bytes = readFileSync(file);
  bytes[bit >> 3] ^= 1 << (bit & 7);
  writeFileSync(file, bytes);
}

describe("damage", () => {
  const names = namings[1][1];
  const folder = written(names);
  const damaged = (name: string, bit: number): string => {
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    flip(join(copy, name), bit);
    return copy;
  };

  test("in one snapshot costs that snapshot; one entry only where it is near", async () => {
    const copy = damaged("alpha.f32", 8 * 4 * (3000 + 1100) + 5);
    const { series, problem } = await readAlpha(copy);
    expect(series.steps).toEqual([0, 3.5, 20]);
    expect(series.at(3.5)).toEqual(weightsAt(2, 3000));
    expect(problem).toMatch(/alpha\.f32: the snapshot at step 3 is damaged \(its checksum differs\)/);
    const alpha = await openAlpha(copy);
    expect((await alpha.entryAt(5)).steps).toEqual(steps); // another block
    expect(alpha.problems).toEqual([]);
    expect(await alpha.entryAt(1030)).toEqual({
      steps: [0, 3.5, 20],
      values: new Float32Array([1030, 1030.25, 1030.375]),
    });
    expect(alpha.problems).toHaveLength(1);
    await expect(alpha.at(3)).rejects.toThrow(/snapshot at step 3 is damaged/);
    await alpha.close();
  });

  test("of the names' file leaves the entries readable by index", async () => {
    const copy = damaged("alpha.names.json", 8 * 500);
    expect(await readAlpha(copy)).toMatchObject({
      series: { names: [], steps: [] },
      problem: expect.stringMatching(/alpha\.names\.json is damaged/) as string,
    });
    const alpha = await openAlpha(copy);
    expect((await alpha.entryAt(7)).values).toEqual(new Float32Array([7, 7.125, 7.25, 7.375]));
    await expect(alpha.entry(odd(7))).rejects.toThrow(/alpha\.names\.json is damaged/);
    await alpha.close();
    rmSync(join(copy, "alpha.names.json"));
    expect((await readAlpha(copy)).problem).toMatch(/cannot read the names of the weights: ENOENT/);
  });

  test("of the header is named, and a run is not continued over it", async () => {
    const copy = damaged("alpha.json", 8 * 20);
    const before = readdirSync(copy).map((name) => readFileSync(join(copy, name), "base64"));
    expect((await readAlpha(copy)).problem).toMatch(/alpha\.json is damaged.*restore it from a copy/);
    await expect(AlphaWriter.continue(copy, 10)).rejects.toThrow(/alpha\.json is damaged/);
    expect(readdirSync(copy).map((name) => readFileSync(join(copy, name), "base64"))).toEqual(before);
  });

  test("checksums cut short leave the weights readable, and say so", async () => {
    const copy = damaged("alpha.f32", 8 * 4 * 9000);
    truncateSync(join(copy, "alpha.crc"), 2 * 3 * 4 + 5);
    const { series, problem } = await readAlpha(copy);
    expect(series.steps).toEqual(steps);
    expect(problem).toMatch(/alpha\.crc holds the checksums of 2 of 4 snapshots; the others are unchecked/);
    const writer = (await AlphaWriter.continue(copy, 3.5)) as AlphaWriter;
    writer.close();
    expect((await readAlpha(copy)).problem).toBeUndefined();
  });

  test.each([
    ["a few names", ["a", "b", "c"]],
    ["numbers", namings[2][1].slice(0, 1200)],
    ["a file of names", names.slice(0, 1200)],
  ])("at random, with %s: never wrong data that is not reported, never a crash", async (_, given) => {
    const whole = written(given);
    const copy = newFolder();
    const files = readdirSync(whole);
    const contents = new Map(files.map((name) => [name, readFileSync(join(whole, name))]));
    const draw = random(given.length);
    let reported = 0;
    for (let i = 0; i < 200; i++) {
      rmSync(copy, { recursive: true });
      mkdirSync(copy);
      const name = draw.pick(files);
      const bytes = Buffer.from(contents.get(name) as Buffer);
      const cut = draw.next() < 0.3;
      const at = draw.integer(bytes.length);
      bytes[at] ^= 1 << draw.integer(8);
      const changed = cut ? bytes.subarray(0, at) : bytes;
      for (const [file, content] of contents) writeFileSync(join(copy, file), file === name ? changed : content);
      const found = await readAlpha(copy).catch((error: Error) => error);
      if (found instanceof Error) {
        expect(found.message).toMatch(/schema version \d/);
        continue;
      }
      const { series, problem } = found;
      series.steps.forEach((step) => {
        // a cut checksum file alone leaves values unchecked; here they are whole
        expect(series.at(step)).toEqual(weightsAt(steps.indexOf(step), given.length));
        expect(series.names).toEqual(given);
      });
      if (series.steps.length < steps.length) expect(problem).toBeDefined();
      if (problem !== undefined) reported++;
    }
    expect(reported).toBeGreaterThan(150);
  });
});

test("a step made larger by damage does not move later snapshots when the run continues", async () => {
  const names = ["a", "b"];
  const folder = written(names);
  const header = join(folder, "alpha.json");
  writeFileSync(header, readFileSync(header, "utf8").replace("[0,3,", "[0,7,"));
  expect((await readAlpha(folder)).series.steps).toEqual([0, 3.5, 20]);
  const writer = (await AlphaWriter.continue(folder, 5)) as AlphaWriter;
  writer.append(6, names, [5, 6]);
  writer.close();
  const { series, problem } = await readAlpha(folder);
  expect([series.steps, Array.from(series.values), problem]).toEqual([[0, 6], [0, 1, 5, 6], undefined]);
});

test("names that occur twice are refused, also among many", () => {
  const names = Array.from({ length: 2000 }, (_, k) => `row ${k % 1999}`);
  expect(() => new AlphaWriter(newFolder(), names)).toThrow(/the name "row 0" occurs twice/);
});
