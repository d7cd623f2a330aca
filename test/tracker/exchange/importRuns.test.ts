import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { importRuns } from "../../../lib/tracker/exchange/importRuns.js";
import { openStore } from "../../../lib/tracker/store.js";
import { temporaryFolder } from "../folders.js";

const root = temporaryFolder();
const newStore = () => openStore(join(root, crypto.randomUUID()));

function csv(name: string, text: string): string {
  const file = join(root, crypto.randomUUID(), name);
  mkdirSync(dirname(file));
  writeFileSync(file, text);
  return file;
}

/** Of each run its name, and its metrics as [step, value]. */
async function contents(store: Awaited<ReturnType<typeof newStore>>, ids: readonly { id: string }[]) {
  const runs = await Promise.all(ids.map(({ id }) => store.read(id)));
  return Promise.all(
    runs.map(async (run) => {
      const names = await run.metrics();
      const series = names.map(async (name) => {
        const points = await run.series(name);
        return [name, points.map(({ step, value }) => [step, value])] as const;
      });
      return [run.name, Object.fromEntries(await Promise.all(series))] as const;
    }),
  );
}

describe("TensorBoard", () => {
  const loss = "Wall time,Step,Value\n1700000000.25,0,0.75\n1700000060.5,10,NaN\n1700000120,20,0.1000000015\n";
  const auc = "Wall time,Step,Value\n1700000000.25,0,0.5\n1700000130.125,20,-inf\n";

  test("one run of the files of its metrics, with their times, names and hashes", async () => {
    const store = await newStore();
    const files = [csv("run-seed 1-tag-train_loss.csv", loss), csv("run-seed 1-tag-auc.csv", auc)];
    const imported = await importRuns(store, files);
    expect(imported).toMatchObject([{ name: "seed 1", points: 5 }]);
    const run = await store.read(imported[0].id);
    expect(run.id).toMatch(/^20231114-221320-/);
    expect(run).toMatchObject({ status: "finished", tags: ["imported"], startedAt: "2023-11-14T22:13:20.250Z" });
    expect(run.wallMs).toBe(129_875);
    expect(run.dataFiles).toEqual(
      files.map((path, i) => ({
        path,
        sha256: createHash("sha256").update([loss, auc][i]).digest("hex"),
        rows: 3 - i,
      })),
    );
    expect(await contents(store, imported)).toEqual([
      ["seed 1", { train_loss: [[0, 0.75], [10, NaN], [20, 0.1000000015]], auc: [[0, 0.5], [20, -Infinity]] }], // prettier-ignore
    ]);
    const events = await run.events();
    expect(events.flatMap((e) => (e.type === "metrics" ? [e.t] : []))).toEqual([
      1700000000250, 1700000060500, 1700000120000, 1700000000250, 1700000130125,
    ]);
    const note = events.find((e) => e.type === "note");
    expect(note?.text).toContain(`imported from TensorBoard: ${files[0]} (sha256 ${run.dataFiles[0].sha256})`);
    expect(await run.problems()).toEqual([]);
    expect((await store.list({ tag: "imported" })).map(({ id }) => id)).toEqual([run.id]);
  });

  test("a file of another name is a run and a metric of that name", async () => {
    const store = await newStore();
    expect(await contents(store, await importRuns(store, csv("auc.csv", auc)))).toEqual([
      ["auc", { auc: [[0, 0.5], [20, -Infinity]] }], // prettier-ignore
    ]);
  });
});

describe("W&B", () => {
  test("a chart: one run per name, extremes where they tell something", async () => {
    const heads = ["Step", "a - b - val/loss", "a - b - val/loss__MIN", "a - b - val/loss__MAX"];
    heads.push("a - b - _step", "a - b - _step__MIN", "sweep-2 - val/loss", "sweep-2 - val/loss__MIN", "sweep-2 - val/loss__MAX"); // prettier-ignore
    const text = [
      heads.map((head) => `"${head}"`),
      ["0", "1.5", "1.25", "1.75", "0", "0", "", "", ""],
      ["5", "Infinity", "1", "Infinity", "5", "5", "2e-3", "2e-3", "2e-3"],
      ["10", "", "", "", "", "", "NaN", "NaN", "NaN"],
    ];
    const store = await newStore();
    const before = Date.now();
    const imported = await importRuns(store, csv("wandb_export.csv", `\uFEFF${text.join("\r\n")}\r\n`));
    expect(await contents(store, imported)).toEqual([
      [
        "a - b",
        {
          "val/loss": [[0, 1.5], [5, Infinity]], // prettier-ignore
          "val/loss__MIN": [[0, 1.25], [5, 1]], // prettier-ignore
          "val/loss__MAX": [[0, 1.75], [5, Infinity]], // prettier-ignore
        },
      ],
      ["sweep-2", { "val/loss": [[5, 0.002], [10, NaN]] }], // prettier-ignore
    ]);
    expect(Date.parse((await store.read(imported[0].id)).startedAt)).toBeGreaterThanOrEqual(before);
  });

  test("a run's history, with the row numbers of pandas", async () => {
    const store = await newStore();
    const text = ",_step,_runtime,_timestamp,loss\n0,0,1.5,1700000000.5,3\n1,4,2.5,1700000001.5,2\n";
    const imported = await importRuns(store, csv("history of x.csv", text));
    expect(await contents(store, imported)).toEqual([["history of x", { loss: [[0, 3], [4, 2]] }]]); // prettier-ignore
    expect((await store.read(imported[0].id)).startedAt).toBe("2023-11-14T22:13:20.500Z");
  });
});

describe("Trackio", () => {
  test("step, timestamp and metrics are one run of the file's name", async () => {
    const store = await newStore();
    const text =
      "timestamp,Step,train/loss,reward\n2025-08-01T12:00:00.500000,0,1,\n2025-08-01T14:00:01+02:00,1,,0.5\n,2,,\n";
    const imported = await importRuns(store, csv("grpo.csv", text));
    expect(imported).toMatchObject([{ name: "grpo", points: 2 }]);
    expect(await contents(store, imported)).toEqual([["grpo", { "train/loss": [[0, 1]], reward: [[1, 0.5]] }]]);
    const run = await store.read(imported[0].id);
    expect([run.startedAt, run.endedAt]).toEqual(["2025-08-01T12:00:00.500Z", "2025-08-01T12:00:01.000Z"]);
  });

  test("a table of several runs, told apart by run_name", async () => {
    const store = await newStore();
    const text = "id,timestamp,run_name,step,loss\n1,,a,0,1\n2,,b,0,3\n3,,a,1,2\n";
    const imported = await importRuns(store, csv("project.csv", text));
    expect(await contents(store, imported)).toEqual([
      ["a", { loss: [[0, 1], [1, 2]] }], // prettier-ignore
      ["b", { loss: [[0, 3]] }],
    ]);
  });
});

test.each([
  ["a word", "step,loss\n1,2\n2,high\n", /bad\.csv:3: column "loss" holds "high", not a number; correct it/],
  ["hexadecimal", "step,loss\n1,0x10\n", /bad\.csv:2: column "loss" holds "0x10"/],
  ["a decimal comma", 'step,loss\n1,"0,5"\n', /bad\.csv:2: column "loss" holds "0,5"/],
  ["no step", "step,loss\n1,1\n,2\n", /bad\.csv:3: column "step" holds "", not a finite number/],
  ["a step that is NaN", '"Step","a - loss"\nNaN,1\n', /bad\.csv:2: column "Step" holds "NaN", not a finite number/],
  ["no time", "Wall time,Step,Value\n,1,1\n", /bad\.csv:2: column "Wall time" holds ""/],
  ["no value", "Wall time,Step,Value\n1,1,\n", /bad\.csv:2: column "Value" holds ""/],
  ["a month that is none", "timestamp,step,a\n2025-13-01T00:00,1,1\n", /bad\.csv:2: column "timestamp" .* not a time/],
  ["a line after a cell of two", 'step,"lo\nss"\n1,1\n2,x\n', /bad\.csv:4: column "lo\nss" holds "x"/],
  ["a row that is short", "step,loss,auc\n1,2,3\n2,3\n", /bad\.csv: is no CSV file .* line 3/],
  ["an open quote", 'step,loss\n1,"2\n', /bad\.csv: is no CSV file .*[Qq]uote/],
  ["the same column twice", "step,loss,loss\n1,2,3\n", /bad\.csv: the column "loss" occurs twice/],
  ["no rows", "step,loss\n", /bad\.csv: has no rows below a header/],
  ["nothing", "", /bad\.csv: has no rows/],
  ["no values", "step,loss\n1,\n", /bad\.csv: holds no value of any metric/],
  ["another table", "name,age\nx,1\n", /columns are name,age; expected one of\n {2}TensorBoard: Wall time/],
])("%s is an error, and nothing is imported", async (_what, text, message) => {
  const store = await newStore();
  const good = csv("good.csv", "step,loss\n1,2\n");
  await expect(importRuns(store, [good, csv("bad.csv", text)])).rejects.toThrow(message);
  expect(readdirSync(store.folder)).toEqual([]);
});

test("bytes that are no UTF-8, a file that is not there, and a store that is only read", async () => {
  const store = await newStore();
  const latin = csv("latin.csv", "");
  writeFileSync(latin, Buffer.from("step,l\xf6ss\n1,2\n", "latin1"));
  await expect(importRuns(store, latin)).rejects.toThrow(/latin\.csv: is no CSV file in UTF-8/);
  await expect(importRuns(store, join(root, "none.csv"))).rejects.toThrow(/none\.csv: cannot be read \(ENOENT\)/);
  const reader = await openStore(store.folder, { readOnly: true });
  await expect(importRuns(reader, csv("a.csv", "step,a\n1,1\n"))).rejects.toThrow(/opened with readOnly/);
  expect(readdirSync(store.folder)).toEqual([]);
});

test("a long file: every row is there, in the files that any run has", async () => {
  const store = await newStore();
  const rows = Array.from({ length: 50_000 }, (_, i) => `${i},${i / 7}`);
  const [{ id }] = await importRuns(store, csv("long.csv", `step,loss\n${rows.join("\n")}`));
  const record = await store.read(id);
  expect((await record.series("loss")).every(({ step, value }, i) => step === i && value === i / 7)).toBe(true);
  expect(await record.series("loss")).toHaveLength(50_000);
  expect(readdirSync(record.folder).sort()).toEqual(["events.jsonl", "run.json"]);
  expect(readFileSync(join(record.folder, "run.json"), "utf8")).toContain('"imported"');
});
