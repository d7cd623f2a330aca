import { parse } from "csv-parse/sync";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runsCommand } from "../../lib/cli/runs.js";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "../tracker/folders.js";

const base = temporaryFolder();
let folder: string;
let store: Store;
let out: string[];
let errors: string[];

beforeEach(async () => {
  folder = join(base, `${readdirSync(base).length}`, "runs");
  store = await openStore(folder);
  [out, errors] = [[], []];
  vi.spyOn(console, "log").mockImplementation((text: string) => void out.push(text));
  vi.spyOn(console, "error").mockImplementation((text: string) => void errors.push(text));
  vi.spyOn(process.stdout, "write").mockImplementation((text) => (out.push(String(text).trimEnd()), true));
});
afterEach(() => vi.restoreAllMocks());

async function runs(...args: string[]): Promise<string> {
  out = [];
  await runsCommand()
    .exitOverride()
    .parseAsync([...args, "--store", folder], { from: "user" });
  return out.join("\n");
}

async function logged(name: string, params: object = {}, summary: object = {}): Promise<string> {
  const run = await store.startRun({ name, params });
  for (const step of [1, 2, 3]) run.log(step, { loss: 1 / step });
  await run.finish(summary);
  return run.id;
}

/** Two methods from three seeds; the differences of the pairs are 0.1, 0.2, 0.3. */
async function study(): Promise<string[]> {
  const ids: string[] = [];
  for (const seed of [1, 2, 3])
    ids.push(await logged(`vanilla ${seed}`, { method: "vanilla", seed }, { auc: 0.5, ece: seed / 10, rows: 7 }));
  for (const seed of [1, 2, 3])
    ids.push(await logged(`table ${seed}`, { method: "table", seed }, { auc: 0.5 + seed / 10, ece: 0.1, rows: 7 }));
  return ids;
}

test("labels: rename, group, tag, note, archive, each with the beginning of an id", async () => {
  const id = await logged("first");
  const short = id.slice(0, -2);
  expect(await runs("rename", short, "second name")).toBe(`${id} is called second name`);
  expect(await runs("group", "paper", short)).toBe(`${id} is in group paper`);
  expect(await runs("tag", short, "a", "b")).toBe("a\nb");
  expect(await runs("tag", short, "c", "a", "--remove", "b")).toBe("a\nc");
  expect(await runs("note", short)).toBe("no notes");
  await runs("note", short, "one");
  expect(await runs("note", short, "--append", "two")).toBe("one\ntwo");
  expect(await store.read(id)).toMatchObject({ name: "second name", group: "paper", tags: ["a", "c"], notes: "one\ntwo" }); // prettier-ignore
  await expect(runs("note", short, "x", "--append", "y")).rejects.toThrow(/a text or --append, not both/);
  await runs("group", "none", short);
  expect((await store.read(id)).group).toBeUndefined();
  await runs("archive", short);
  expect(await runs("ls", "--ids")).toBe("");
  expect(await runs("ls", "--ids", "--archived")).toBe(id);
  expect(await runs("ls", "--ids", "--all")).toBe(id);
  await runs("unarchive", short);
  expect(await runs("ls", "--ids")).toBe(id);
  await expect(runs("rename", short, "")).rejects.toThrow(/name/);
});

test("rm moves to the trash, restore takes back; an unknown id or a running run changes nothing", async () => {
  const [a, b] = [await logged("a"), await logged("b")];
  await expect(runs("rm", a, "2020")).rejects.toThrow(/no run "2020"/);
  expect((await store.list()).map(({ id }) => id).sort()).toEqual([a, b].sort());
  const running = await store.startRun({ name: "running", params: {} });
  await expect(runs("rm", running.id)).rejects.toThrow(/still running in process/);
  await running.finish();
  expect(await runs("rm", a, b)).toContain(`dreamprm runs restore ${a}`);
  expect(await runs("ls", "--ids")).toBe(running.id);
  expect(JSON.parse(await runs("trash", "ls", "--json"))).toMatchObject([{ id: b }, { id: a }]);
  await expect(runs("restore", "20")).rejects.toThrow(/begins the ids of/);
  expect(await runs("restore", a.slice(0, -1))).toBe(`${a} is back`);
  await expect(runs("trash", "empty")).rejects.toThrow(/1 run would be gone for good.*--yes/);
  expect(await runs("trash", "empty", "--older-than", "1", "--yes")).toBe("deleted 0 runs");
  expect(await runs("trash", "empty", "--yes")).toBe("deleted 1 run");
  expect(await runs("trash", "ls")).toMatch(/is empty$/);
  expect(existsSync(join(folder, a, "run.json"))).toBe(true);
});

test("a damaged run is told of, and can be removed by its whole id", async () => {
  const id = await logged("a");
  writeFileSync(join(folder, id, "run.json"), "{");
  expect(await runs("reindex")).toBe(`0 runs in ${folder}`);
  expect(errors.join()).toContain(`left out ${id}`);
  await runs("rm", id);
  expect(readdirSync(join(folder, "trash"))).toEqual([id]);
});

test("verbs that change nothing make no store", async () => {
  folder = join(base, "none");
  for (const args of [["ls"], ["rm", "x"], ["tag", "x", "y"], ["reindex"], ["trash", "empty"]])
    await expect(runs(...args)).rejects.toThrow(/there is no run store at .*none/);
  expect(existsSync(folder)).toBe(false);
});

test("compare: groups by what differs, mean ± std, and the paired test", async () => {
  await study();
  const text = await runs("compare", "--metrics", "auc,ece,loss.best,rows", "--against", "vanilla");
  const lines = text.split("\n");
  expect(lines.slice(0, 3)).toEqual(["method   runs  seeds", "vanilla     3  1 2 3", "table       3  1 2 3"]);
  // std of .6, .7, .8 is .1; all 27 resamples of the differences have a mean within .1 and .3
  expect(lines).toContainEqual(
    expect.stringMatching(/^table +3 +0\.70 ± 0\.10 +\[.*\] +\+0\.2 +\[0\.1, 0\.3\] +0\.25$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^vanilla +3 +0\.5 ± 0 +\[0\.5, 0\.5\] +– +– +–$/));
  expect(text).toContain("ece (the lowest is best)");
  expect(text).toContain("the same in all runs that have it: loss.best 0.3333, rows 7");
  expect(text).toContain("with 3 seeds p cannot be below 0.25");
  await expect(runs("compare", "--against", "nobody")).rejects.toThrow(/no group "nobody": give one of vanilla; table/);
  const json = JSON.parse(await runs("compare", "--metrics", "auc", "--against", "first", "--json")) as object;
  expect(json).toMatchObject({ params: ["method", "seed"], against: { metrics: { auc: { table: { seeds: [1, 2, 3] } } } } }); // prettier-ignore
});

test("compare: without pairs the values of each run; two runs alone side by side; LaTeX", async () => {
  const ids = await study();
  expect(await runs("compare", "--metrics", "auc")).toMatch(/^table +3 +0\.70 ± 0\.10 +\[.*\] +0\.6 0\.7 0\.8$/m);
  const two = (await runs("compare", ids[0], ids[4])).split("\n");
  expect(two[1]).toBe(`vanilla     1      1  ${ids[0]}`);
  expect(two).toContainEqual(expect.stringMatching(/^auc +0\.5 +0\.7$/));
  const latex = await runs("compare", "--latex", "--digits", "2");
  expect(latex).toContain("method & runs & auc & ece \\\\");
  expect(latex).toContain("table & $3$ & $\\mathbf{0.70} \\pm 0.10$ & $\\mathbf{0.10} \\pm 0.00$ \\\\");
  await expect(runs("compare", ids[0])).rejects.toThrow(/only one run matches/);
  await expect(runs("compare", ids[0], "--tag", "x")).rejects.toThrow(/run ids or --tag, not both/);
});

test("compare: a metric that cannot be paired says why, and the others are compared", async () => {
  await study();
  await logged("table again", { method: "table", seed: 3 }, { auc: 0.9 });
  const text = await runs("compare", "--metrics", "auc", "--against", "vanilla");
  expect(text).toMatch(/^table +4 .* – +– +–$/m);
  expect(text).toMatch(/is the second of its group with seed 3: choose one of them/);
});

test("diff: parameters and metrics side by side", async () => {
  const [a, b] = [await logged("a", { lr: 0.1, same: 1 }), await logged("b", { lr: 0.2, same: 1 }, { auc: 0.5 })];
  const text = await runs("diff", a, b, "--patch");
  expect(text).toMatch(/^lr +0\.1 +0\.2$/m);
  expect(text).not.toMatch(/^same/m);
  expect(text).toMatch(/^auc ↑ +– +0\.5 +– +– +0\.5 +–$/m);
  expect(text).toMatch(/uncommitted changes of/);
  expect(JSON.parse(await runs("diff", a, b, "--json"))).toMatchObject({ a, b, params: [{ path: "lr", a: 0.1, b: 0.2 }] }); // prettier-ignore
});

test("export: tables to files and to the terminal", async () => {
  await study();
  const file = join(folder, "../new folder/runs.csv");
  expect(await runs("export", "-o", file, "--where", "seed = 1")).toBe(file);
  const rows = parse<Record<string, string>>(readFileSync(file, "utf8"), { columns: true });
  expect(rows.map((row) => [row["params.method"], row["summary.auc"]])).toEqual([["table", "0.6"], ["vanilla", "0.5"]]); // prettier-ignore
  const csv = await runs("export", "--format", "csv", "--columns", "name,metrics.auc", "--sort", "-metrics.auc", "--limit", "1"); // prettier-ignore
  expect(csv).toBe("name,metrics.auc\r\ntable 3,0.8");
  await runs("export", "--series", "-o", file);
  expect(parse(readFileSync(file, "utf8"), { columns: true })).toHaveLength(18);
  expect(
    await runs("export", "--format", "latex", "--columns", "name,seed,metrics.ece", "--where", "seed = 3"),
  ).toContain("name & seed & ece \\\\\n\\midrule\ntable 3 & $3$ & $0.100$ \\\\\nvanilla 3 & $3$ & $0.300$ \\\\");
  await runs("export", "-o", join(folder, "../runs.parquet"));
  expect(readFileSync(join(folder, "../runs.parquet")).subarray(0, 4).toString()).toBe("PAR1");
  await runs("export", "--format", "tensorboard", "-o", join(folder, "../tb"));
  expect(readdirSync(join(folder, "../tb")).sort()).toEqual((await store.list()).map(({ id }) => id).sort());
});

test.each([
  [[], /give --format, or -o/],
  [["--format", "parquet"], /parquet needs -o/],
  [["--format", "csv", "-o", "x.json"], /the name of a csv file ends in \.csv/],
  [["-o", "x.tex", "--series"], /--series is for csv, json and parquet/],
  [["-o", "x.tgz", "--columns", "id"], /--columns is not for archive/],
  [["-o", "x.csv", "--where", "seed = 9"], /no runs match .*nothing to export/],
])("export %j says what is wrong and writes nothing", async (args, message) => {
  await logged("a", { seed: 1 });
  await expect(runs("export", ...args)).rejects.toThrow(message);
  expect(existsSync("x.csv") || existsSync("x.tgz") || existsSync("x.tex")).toBe(false);
});

test("import: an archive keeps ids, CSV makes new runs, and a bad file leaves nothing", async () => {
  const ids = await study();
  const archive = join(folder, "../all.tar.gz");
  await runs("export", "-o", archive);
  const csv = join(folder, "../loss.csv");
  writeFileSync(csv, "step,loss\n1,0.5\n2,0.25\n");
  folder = join(folder, "../other");
  expect(JSON.parse(await runs("import", archive, csv, "--json"))).toMatchObject({ skipped: [] });
  const other = await openStore(folder);
  expect((await other.list()).map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  expect((await other.list({ tag: "imported" })).map((run) => run.digests.loss.last)).toEqual([{ step: 2, value: 0.25 }]); // prettier-ignore
  expect(await runs("import", archive)).toContain("already, the same");
  writeFileSync(csv, "step,loss\n1,half\n");
  await expect(runs("import", csv)).rejects.toThrow(/loss\.csv:2: column "loss" holds "half"/);
  expect(await other.list()).toHaveLength(7);
});

test("report writes a page on the chosen runs and prints its path; path prints folders", async () => {
  const ids = await study();
  const file = join(folder, "../report.html");
  expect(await runs("report", "-o", file, "--where", 'method = "table"', "--title", "Tables")).toBe(file);
  const html = readFileSync(file, "utf8");
  expect(['"title":"Tables"', ids[3], ids[0]].map((text) => html.includes(text))).toEqual([true, true, false]);
  await expect(runs("report", "-o", file, "--group", "none")).rejects.toThrow(/nothing to report/);
  expect(await runs("path", ids[0].slice(0, -1))).toBe(join(folder, ids[0]));
  await expect(runs("path", ids[0], "x")).rejects.toThrow(/no artifact "x"/);
});

test("every verb has a help with an example, of at most 80 columns", () => {
  const visit = (command: ReturnType<typeof runsCommand>): void => {
    let text = "";
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 }).outputHelp();
    if (command.commands.length === 0 && command.parent?.name() !== "trash")
      expect(text, command.name()).toMatch(/Examples?:\n/);
    const long = text.split("\n").filter((line) => line.length > 80 && !line.startsWith("  dreamprm"));
    expect(long, command.name()).toEqual([]);
    command.commands.forEach((sub) => visit(sub));
  };
  visit(runsCommand());
});
