import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { readRecords } from "../../lib/data/files.js";

const folder = mkdtempSync(path.join(tmpdir(), "files-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

const rows = [{ a: 1 }, { a: "ü\u2028x" }];
const json = JSON.stringify(rows);
const lines = rows.map((row) => JSON.stringify(row)).join("\n");

describe("readRecords", () => {
  test.each<[string, string | Buffer]>([
    ["a.json", json],
    ["pretty.json", JSON.stringify(rows, null, 2)],
    ["bom.json", `\ufeff${json}`],
    ["a.json.gz", gzipSync(json)],
    ["zipped-without-ending.json", gzipSync(json)],
    ["a.jsonl", `${lines}\n\n`],
    ["windows.jsonl", lines.replace("\n", "\r\n")],
    ["a.jsonl.gz", gzipSync(lines)],
    ["lines.json", lines],
  ])("%s", async (name, content) => {
    const file = await readRecords(write(name, content));
    expect(file.records).toEqual(rows);
    expect(file.source.sha256).toBe(createHash("sha256").update(content).digest("hex"));
    expect(file.source.rows).toBe(2);
  });

  test("an object of lists keeps the key of every record, another object is one record", async () => {
    const lists = await readRecords(write("lists.json", JSON.stringify({ q1: [{ a: 1 }, { a: 2 }], q2: [{ a: 3 }] })));
    expect(lists.records).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(lists.groups).toEqual(["q1", "q1", "q2"]);
    const one = await readRecords(write("one.json", JSON.stringify({ steps: ["a"], x: [{}] })));
    expect(one.records).toEqual([{ steps: ["a"], x: [{}] }]);
    expect(one.groups).toBeUndefined();
  });

  test("lines that fall across chunks of the stream", async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ i, text: "é".repeat(i % 97) }));
    const file = await readRecords(write("many.jsonl", many.map((row) => JSON.stringify(row)).join("\n")));
    expect(file.records).toEqual(many);
  });

  test("NaN and Infinity outside of texts arrive as texts", async () => {
    const file = await readRecords(write("nan.json", '[{"a": NaN, "b": -Infinity, "c": "NaN \\" NaN"}]'));
    expect(file.records).toEqual([{ a: "NaN", b: "-Infinity", c: 'NaN " NaN' }]);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ["cut.json", '[{"a": 1},\n {"a": 2', /cut\.json: line 2, column 9: the text ends too early.*cut off/],
    ["bad.json", '[{"a": 1},\n {"a" 2}]', /bad\.json: line 2, column 7: is not valid JSON, near/],
    ["bad.jsonl", '{"a": 1}\n\n{"a": }\n', /bad\.jsonl:3: column 7: is not valid JSON/],
    ["cut.jsonl", '{"a": 1}\n{"a": ', /cut\.jsonl:2: column 7: the text ends too early/],
    ["cut.json.gz", gzipSync(json.repeat(99)).subarray(0, 60), /cut\.json\.gz: cannot be unzipped/],
    ["cut.jsonl.gz", gzipSync(lines).subarray(0, 30), /cut\.jsonl\.gz: cannot be read after line/],
    ["long.json", `[${"[1, 2], ".repeat(50)}\n  {"a": tru}]`, /long\.json: line 2, column 12: is not valid JSON/],
    ["empty.json", "", /empty\.json: the file is empty/],
    ["blank.json", " \n", /blank\.json: the file is empty/],
    ["none.json", "[]", /none\.json: no rows/],
    ["blank.jsonl", "\n\n", /blank\.jsonl: no rows/],
    ["number.json", "7", /number\.json: holds 7; expected/],
  ])("%s is refused", async (name, content, message) => {
    await expect(readRecords(write(name, content))).rejects.toThrow(message);
  });

  test("a missing file and a folder are refused", async () => {
    mkdirSync(path.join(folder, "folder"));
    await expect(readRecords(path.join(folder, "missing.json"))).rejects.toThrow(/missing\.json: no such file/);
    await expect(readRecords(path.join(folder, "folder"))).rejects.toThrow(/folder: is a folder; name a/);
  });
});
