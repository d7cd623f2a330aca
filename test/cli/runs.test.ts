import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { fitted } from "../../lib/cli/runs/print.js";
import { runsCommand } from "../../lib/cli/runs.js";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "../tracker/folders.js";

const folder = join(temporaryFolder(), "runs");
const ids: string[] = [];
let out: string[];

beforeAll(async () => {
  const store = await openStore(folder);
  for (const name of ["vanilla", "領域 table"]) {
    const run = await store.startRun({ name, group: "demo", params: { seed: 4, lower: { learningRate: 0.01 } } });
    for (const [step, loss] of [NaN, 3, 1, 2].entries()) run.log(step, { loss });
    const names = Array.from({ length: 12 }, (_, k) => `domain ${k}`);
    run.logWeights(3, names, names.map((_, k) => k / 8)); // prettier-ignore
    run.note("looks fine");
    ids.push(run.id);
    await (name === "vanilla" ? run.fail(new Error("too hot")) : run.finish({ auc: 0.123456, mean: NaN }));
  }
});

beforeEach(() => {
  out = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void out.push(text));
});
afterEach(() => vi.restoreAllMocks());

async function runs(...args: string[]): Promise<string> {
  await runsCommand().exitOverride().parseAsync(args, { from: "user" });
  return out.join("\n");
}

test("ls is an aligned table, newest first, without colours", async () => {
  const lines = (await runs("ls", "--store", folder)).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^id +status +name +group +seed +took +summary$/);
  expect(lines[1]).toMatch(new RegExp(`^${ids[1]}  finished  領域 table  demo +4  .* auc=0\\.1235 mean=NaN$`));
  // two wide characters: the columns after the name start one cell per character earlier in the string
  expect(lines[1].indexOf("demo")).toBe(lines[2].indexOf("demo") - 2);
  expect(lines.join("")).not.toContain("\u001b");
});

test("ls --json is one value, filtered", async () => {
  const found = JSON.parse(await runs("ls", "--store", folder, "--json", "--status", "failed")) as unknown[];
  expect(out).toHaveLength(1);
  expect(found).toMatchObject([{ id: ids[0], status: "failed", reason: "too hot", params: { seed: 4 } }]);
  out = [];
  expect(JSON.parse(await runs("ls", "--store", folder, "--json", "--group", "none"))).toEqual([]);
});

test("show --json digests metrics and weights", async () => {
  const shown = JSON.parse(await runs("show", ids[1], "--store", folder, "--json")) as object;
  expect(out).toHaveLength(1);
  expect(shown).toMatchObject({
    id: ids[1],
    status: "finished",
    summary: { auc: 0.123456, mean: "NaN" },
    environment: { node: process.version },
    notes: "",
    log: [{ text: "looks fine" }],
    digests: {
      loss: {
        ...{ points: 4, first: { step: 0, value: "NaN" }, last: { step: 3, value: 2 }, mean: 2 },
        ...{ min: { step: 2, value: 1 }, max: { step: 1, value: 3 } },
      },
    },
    weights: { entries: 12, snapshots: 1, step: 3 },
  });
  const { weights } = shown as { weights: Record<"top" | "bottom", { name: string; weight: number }[]> };
  expect(weights.top.map((w) => w.weight)).toEqual([1.375, 1.25, 1.125, 1, 0.875]);
  expect(weights.bottom.map((w) => w.name)).toEqual([4, 3, 2, 1, 0].map((k) => `domain ${k}`));
});

test("show prints parameters, metrics, weights, environment and the error", async () => {
  const text = await runs("show", ids[0], "--store", folder);
  for (const part of [
    /^ {2}status +failed \(too hot\) after \d+s$/m,
    /^ {2}lower\.learningRate +0\.01$/m,
    /^ {2}loss +4 +NaN +0 +2 +3 +1 +2 +3 +1$/m,
    /^weights: 12 entries, 1 snapshots, the last at step 3$/m,
    /^ {2}domain 11 +1\.375$/m,
    /^ {2}…$/m,
    /^ {2}node +v\d+/m,
    /^ {2}Error: too hot$/m,
  ]) {
    expect(text).toMatch(part);
  }
});

test("filters, a query and an order choose the runs; columns are values of the query language", async () => {
  expect(await runs("ls", "--store", folder, "--ids", "--where", "metrics.auc > 0.1")).toBe(ids[1]);
  out = [];
  expect(await runs("query", 'status = "failed"', "--store", folder, "--ids")).toBe(ids[0]);
  out = [];
  expect(await runs("ls", "--store", folder, "--ids", "--sort", "-metrics.auc", "--limit", "1")).toBe(ids[1]);
  out = [];
  const columns = "name,lower.learningRate,metrics.loss.max,summary.auc,tags";
  expect((await runs("ls", "--store", folder, "--columns", columns)).split("\n")).toEqual([
    "name        lower.learningRate  metrics.loss.max  summary.auc  tags",
    "領域 table                0.01                 3       0.1235",
    "vanilla                   0.01                 3            –",
  ]);
  await expect(runs("query", "metrics.los < 1", "--store", folder)).rejects.toThrow(/column 1: .*metrics\.loss/s);
  await expect(runs("ls", "--columns", "nam", "--store", folder)).rejects.toThrow(/column 1: .*name/s);
});

test("on a terminal lines end at its width, wide characters count twice", () => {
  expect(fitted("領域 table\nabc", 6)).toBe("領域…\nabc");
  expect(fitted("abcdef", 6)).toBe("abcdef");
});

test("the store is $DREAMPRM_STORE unless told; an empty one and a missing one say so", async () => {
  const empty = join(folder, "..", "empty");
  mkdirSync(empty);
  vi.stubEnv("DREAMPRM_STORE", empty);
  expect(await runs("ls")).toBe(`no runs in ${join(empty)}`);
  vi.stubEnv("DREAMPRM_STORE", join(empty, "none"));
  await expect(runs("ls")).rejects.toThrow(/there is no run store at .*none/);
  vi.unstubAllEnvs();
  await expect(runs("show", "xyz", "--store", folder)).rejects.toThrow(/no run "xyz"/);
});
