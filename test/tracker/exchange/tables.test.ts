import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseCsv } from "csv-parse/sync";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import { random } from "../../../lib/core/random.js";
import { toDataFrame } from "../../../lib/tracker/dataFrame.js";
import { metricsTable, runsTable, type TableRow } from "../../../lib/tracker/exchange/tables.js";
import { toCsv, toJson, writeTable } from "../../../lib/tracker/exchange/writeTable.js";
import { parse } from "../../../lib/tracker/plain.js";
import { openStore } from "../../../lib/tracker/store.js";
import { temporaryFolder } from "../folders.js";

const root = temporaryFolder();
const utc = (text: string) => new Date(`${text}Z`);

const rows: TableRow[] = [
  {
    id: "a",
    group: null,
    step: 1,
    value: NaN,
    ok: true,
    tags: ["x", 'y"'],
    at: utc("2026-01-02T03:04:05.678"),
    mixed: 1,
  },
  { id: 'b,"\r\n', group: "", step: 2 ** 40, value: -Infinity, ok: null, tags: [], at: null, mixed: "1" },
  { id: "NaN", group: "g", step: -3, value: 0.1, ok: false, tags: [NaN], at: utc("1970-01-01T00:00:00"), mixed: null },
];

async function twoRuns() {
  const store = await openStore(join(root, crypto.randomUUID()));
  const a = await store.startRun({ name: "a", params: { lower: { rate: 0.1 }, seed: 1 }, tags: ["t"] });
  a.log(1, { loss: 2, "µ.x": NaN });
  a.log(2, { loss: 1 });
  await a.finish({ auc: 0.5 });
  const b = await store.startRun({ name: "b", group: "g", params: { lower: { rate: 0.2, warm: [1, 2] } } });
  b.log(1, { auc: Infinity });
  await b.fail(new Error("no"));
  return { store, a: await store.read(a.id), b: await store.read(b.id) };
}

test("one row per run, with the columns of all: head, params, summary, last metrics", async () => {
  const { a, b } = await twoRuns();
  const table = runsTable([a, b]);
  const columns = ["id", "name", "group", "tags", "status", "seed", "startedAt", "wallMs", "params.lower.rate"];
  columns.push("params.seed", "params.lower.warm", "summary.auc");
  columns.push("metrics.loss.last", "metrics.µ.x.last", "metrics.auc.last");
  expect(table.map(Object.keys)).toEqual([columns, columns]);
  expect(table[0]).toEqual({
    ...{ id: a.id, name: "a", group: null, tags: ["t"], status: "finished", seed: 1 },
    ...{ startedAt: new Date(a.startedAt), wallMs: a.wallMs },
    ...{ "params.lower.rate": 0.1, "params.seed": 1, "params.lower.warm": null, "summary.auc": 0.5 },
    ...{ "metrics.loss.last": 1, "metrics.µ.x.last": NaN, "metrics.auc.last": null },
  });
  expect(table[1]).toMatchObject({
    ...{ group: "g", status: "failed", seed: null, "params.lower.warm": [1, 2], "summary.auc": null },
    ...{ "metrics.loss.last": null, "metrics.auc.last": Infinity },
  });
  expect(runsTable([])).toEqual([]);
  const frame = toDataFrame(table);
  expect(frame.columns).toEqual(columns);
  expect(frame.values.map((row) => (row as unknown[])[columns.indexOf("metrics.loss.last")])).toEqual([1, NaN]);
});

test("metrics in long form, in the order of logging, with the times of logging", async () => {
  const { a } = await twoRuns();
  const table = await metricsTable(a);
  expect(table.map(({ time: _, ...row }) => row)).toEqual([
    { run: a.id, step: 1, metric: "loss", value: 2 },
    { run: a.id, step: 1, metric: "µ.x", value: NaN },
    { run: a.id, step: 2, metric: "loss", value: 1 },
  ]);
  const times = (await a.events()).filter((event) => event.type === "metrics").map(({ t }) => t);
  expect(table.map(({ time }) => Number(time))).toEqual([times[0], times[0], times[1]]);
});

test("CSV to the letter", () => {
  expect(toCsv(rows)).toBe(
    "id,group,step,value,ok,tags,at,mixed\r\n" +
      'a,,1,NaN,true,"[""x"",""y\\""""]",2026-01-02T03:04:05.678Z,1\r\n' +
      '"b,""\r\n","",1099511627776,-Infinity,,[],,1\r\n' +
      'NaN,g,-3,0.1,false,"[""NaN""]",1970-01-01T00:00:00.000Z,\r\n',
  );
});

test("any text and any number survive CSV", () => {
  const chance = random("hostile");
  const pieces = ['"', '""', ",", "\r\n", "\n", "\r", "\t", " ", "'", ";", "=1+1", "\\", "ä", "実", "😀", "\u2028", "\0", "a", "NaN", "{}"]; // prettier-ignore
  const hostile = () => Array.from({ length: chance.integer(8) }, () => chance.pick(pieces)).join("");
  const number = () =>
    chance.pick([
      chance.normal() * 10 ** (chance.integer(600) - 300),
      chance.integer(1e9),
      5e-324,
      Number.MAX_VALUE,
      NaN,
      -Infinity,
    ]);
  for (let round = 0; round < 300; round++) {
    const names = Array.from({ length: 1 + chance.integer(5) }, (_, c) => `${hostile()}${c}.`);
    const table = Array.from({ length: 1 + chance.integer(4) }, () =>
      Object.fromEntries(names.map((name) => [name, chance.pick([hostile(), number(), null])])),
    );
    const [header, ...lines] = parseCsv(toCsv(table), { record_delimiter: "\r\n" });
    expect(header).toEqual(names);
    expect(lines).toEqual(table.map((row) => names.map((name) => String(row[name] ?? ""))));
    lines.forEach((cells, r) =>
      cells.forEach((cell, c) => {
        const value = table[r][names[c]];
        if (typeof value === "number") expect(Number(cell)).toBe(value);
      }),
    );
  }
});

test("JSON gives all values back", () => {
  const plain = rows.map((row) => ({ ...row, at: row.at instanceof Date ? row.at.toISOString() : null }));
  expect(parse(toJson(rows))).toEqual(plain);
  expect(toJson(rows)).toContain('"\\\\NaN"'); // the text, not the number
});

test("Parquet has typed, nullable columns and gives all values back", async () => {
  const file = join(root, "rows äö.parquet");
  await writeTable(file, rows);
  const buffer = await asyncBufferFromFile(file);
  const { schema, num_rows: count } = await parquetMetadataAsync(buffer);
  expect(count).toBe(3n);
  const types = schema
    .slice(1)
    .map(({ name, type, converted_type: as, repetition_type: kind }) => [name, type, as, kind]);
  expect(types).toEqual([
    ["id", "BYTE_ARRAY", "UTF8", "OPTIONAL"],
    ["group", "BYTE_ARRAY", "UTF8", "OPTIONAL"],
    ["step", "INT64", undefined, "OPTIONAL"],
    ["value", "DOUBLE", undefined, "OPTIONAL"],
    ["ok", "BOOLEAN", undefined, "OPTIONAL"],
    ["tags", "BYTE_ARRAY", "UTF8", "OPTIONAL"],
    ["at", "INT64", "TIMESTAMP_MILLIS", "OPTIONAL"],
    ["mixed", "BYTE_ARRAY", "UTF8", "OPTIONAL"],
  ]);
  const read = await parquetReadObjects({ file: buffer });
  const texts = ['["x","y\\""]', "[]", '["NaN"]'];
  const mixed = ["1", "1", null];
  expect(read).toEqual(
    rows.map((row, r) => ({ ...row, step: BigInt(row.step as number), tags: texts[r], mixed: mixed[r] })),
  );
});

test("Parquet: a fraction makes a whole column doubles, nothing at all texts", async () => {
  const file = join(root, "steps.parquet");
  await writeTable(file, [
    { step: 1, none: null },
    { step: 1.5, none: null },
  ]);
  const buffer = await asyncBufferFromFile(file);
  const { schema } = await parquetMetadataAsync(buffer);
  expect(schema.slice(1).map(({ type }) => type)).toEqual(["DOUBLE", "BYTE_ARRAY"]);
  expect(await parquetReadObjects({ file: buffer })).toEqual([
    { step: 1, none: null },
    { step: 1.5, none: null },
  ]);
});

test("a table is written whole or not at all, under a name that says how", async () => {
  const folder = join(root, crypto.randomUUID());
  await openStore(folder); // makes the folder
  const file = join(folder, "t.csv");
  await writeTable(file, rows);
  expect(readFileSync(file, "utf8")).toBe(toCsv(rows));
  await expect(writeTable(join(folder, "t.xlsx"), rows)).rejects.toThrow(/t\.xlsx: .* \.csv, \.json, \.parquet/);
  await expect(writeTable(file, [])).rejects.toThrow(/t\.csv: the table has no rows/);
  writeFileSync(join(folder, "file"), "");
  await expect(writeTable(join(folder, "file", "t.json"), rows)).rejects.toThrow(/cannot write .*t\.json \(ENOTDIR\)/);
  expect(readFileSync(file, "utf8")).toBe(toCsv(rows));
  expect(readdirSync(folder).sort()).toEqual(["file", "t.csv"]);
});
