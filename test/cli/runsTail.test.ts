import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import stringWidth from "string-width";
import { afterEach, beforeAll, expect, test } from "vitest";
import { TailLines } from "../../lib/cli/runs/tailLines.js";
import type { RunEvent } from "../../lib/tracker/events.js";
import type { RunSummary } from "../../lib/tracker/runRecord.js";
import { openStore, type Store } from "../../lib/tracker/store.js";
import type { RunTail } from "../../lib/views/runTail.js";
import { temporaryFolder } from "../tracker/folders.js";

const folder = join(temporaryFolder(), "runs");
const tsx = ["--import", "tsx"];
const program = join(import.meta.dirname, "runsProgram.ts");
const children: ChildProcess[] = [];
let store: Store;

beforeAll(async () => {
  store = await openStore(folder);
});
afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")));

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
  children.push(child);
  return child;
}

/** Reads until `pattern` is there, or else the end. */
async function until(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    text += String(chunk);
    if (pattern.test(text)) return text;
  }
  throw new Error(`${String(pattern)} never came in ${JSON.stringify(text)}`);
}

async function rest(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return text;
}

/** Some thousand steps a second until it is killed. */
async function steadyWriter(): Promise<{ id: string; child: ChildProcess }> {
  const script = join(import.meta.dirname, "../tracker/exchange/steadyWriter.ts");
  const child = start(process.execPath, [...tsx, script, folder]);
  const [id] = (await until(child, /\n/)).split("\n");
  child.stdout?.resume();
  return { id, child };
}

/** What a terminal gets before each drawing. */
const CLEAR = "\u001b[0J";

const tail = (id: string, ...args: string[]): ChildProcess =>
  start(process.execPath, [...tsx, program, "tail", id, "--store", folder, "--every", "0.1", ...args]);

test("follows a process that writes, until that is killed: newest values, weights, then the truth", async () => {
  const { id, child } = await steadyWriter();
  const follower = tail(id.slice(0, -3), "--lines", "2");
  const first = await until(follower, /weights at step \d+: a \d+ {2}b -\d+\n[^]*weights at step/);
  expect(first.split("\n")[0]).toBe(`${id}  steady`);
  expect(first).toMatch(/^\d\d:\d\d:\d\d {2}step (\d+) {2}loss \S+ {2}text \1$/m);
  child.kill("SIGKILL");
  expect(await rest(follower)).toMatch(/^crashed after \d+s$/m);
  expect(follower.exitCode ?? (await once(follower, "exit"))[0]).toBe(0);
  const record = await store.read(id);
  const last = record.digests.loss.last.step;
  const view = await rest(tail(id, "--once"));
  expect(view).toMatch(new RegExp(`^crashed after \\d+s, step ${last}$`, "m"));
});

test("Ctrl-C ends the following and not the run", async () => {
  const { id } = await steadyWriter();
  const follower = tail(id);
  await until(follower, /step \d+ {2}loss /);
  follower.kill("SIGINT");
  const [code, signal] = (await once(follower, "exit")) as [number, string | null];
  expect([code, signal]).toEqual([130, null]);
  expect((await store.read(id)).status).toBe("running");
});

test("as plain lines a look at very many events is one line of newest values, and every note", () => {
  const weights = { entries: 0, names: [], steps: [], rows: [] };
  const printer = new TailLines(1);
  const run = { id: "i", name: "n", status: "running" } as unknown as RunSummary;
  const look = (events: RunEvent[]) => printer.lines(run, { weights } as unknown as RunTail, events);
  const metrics = (step: number, name: string): RunEvent => ({
    type: "metrics",
    t: 0,
    step,
    metrics: { [name]: step },
  });
  expect(look([metrics(0, "loss"), metrics(1, "loss")])).toEqual(["i  n", "00:00:00  step 1  loss 1"]);
  const many = Array.from({ length: 300_000 }, (_, i) => metrics(i, i % 2 === 0 ? "even" : "odd"));
  expect(look([{ type: "note", t: 1000, text: "a" }, ...many, { type: "note", t: 2000, text: "b" }])).toEqual([
    "00:00:00  step 299999  even 299998  odd 299999",
    "00:00:01  note: a",
    "00:00:02  note: b",
  ]);
  expect(look([])).toEqual([]);
});

test("--json gives every event once, as it was logged", async () => {
  const run = await store.startRun({ name: "json", params: {} });
  for (let step = 0; step < 30; step++) run.log(step, { loss: step === 7 ? NaN : 1 / (1 + step) });
  run.note("done");
  await run.finish();
  const lines = (await rest(tail(run.id, "--json"))).trimEnd().split("\n").map((line) => JSON.parse(line) as object); // prettier-ignore
  expect(lines).toHaveLength(32);
  expect(lines[7]).toMatchObject({ type: "metrics", step: 7, metrics: { loss: "NaN" } });
  expect(lines[30]).toMatchObject({ type: "note", text: "done" });
  expect(lines[31]).toMatchObject({ type: "status", status: "finished" });
});

test("the view of a finished run: metrics, weights by weight, and no line beyond 80 columns", async () => {
  const run = await store.startRun({
    name: "領域",
    group: "g",
    params: {},
    resources: { everyMs: 1, tensors: () => 3 },
  });
  for (let step = 0; step < 200; step++) {
    run.log(step, { "lower.loss": step, [`a very long name of a metric that nobody can read/${"x".repeat(60)}`]: 1 });
    run.logWeights(step, ["falling", "rising"], [1 - step / 400, 1 + step / 400]);
  }
  await run.fail(new Error("boom"));
  const lines = (await rest(tail(run.id))).split("\n");
  expect(lines.at(-2)).toMatch(/^failed after \d+s \(boom\)$/);
  const view = (await rest(tail(run.id, "--once"))).trimEnd().split("\n");
  expect(view[0]).toBe(`${run.id}  領域  (g)`);
  expect(view[1]).toMatch(/^failed \(boom\) after \d+s, step 199$/);
  expect(view.find((line) => line.includes("lower.loss"))).toMatch(/ 199 {2}▁+▂+▃+▄+▅+▆+▇+█+ {2}0 … 199$/);
  const at = view.indexOf("weights at step 199");
  expect(view[at + 1]).toMatch(/^ {2}rising +1\.497 {2}▁[^▁]*/);
  expect(view[at + 2]).toMatch(/^ {2}falling +0\.5025 {2}█/);
  expect(view.at(-1)).toMatch(/^ {2}tensors +3 {2}▄+$/);
  expect(Math.max(...view.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("many weights are shown by their quantiles", async () => {
  const run = await store.startRun({ name: "table", params: {} });
  const names = Array.from({ length: 101 }, (_, k) => `row ${k}`);
  run.logWeights(1, names, names.map((_, k) => k / 50)); // prettier-ignore
  run.logWeights(2, names, names.map((_, k) => k / 100)); // prettier-ignore
  await run.finish();
  const view = await rest(tail(run.id, "--once"));
  expect(view).toMatch(/^weights at step 2, 101 entries$/m);
  expect(view).toMatch(/^ {2}5 % below +0\.05 {2}█▁ +0\.05 … 0\.1$/m);
  expect(view).toMatch(/^ {2}95 % below +0\.95 {2}█▁ +0\.95 … 1\.9$/m);
  expect(view).toMatch(/^ {2}mean +0\.5 {2}█▁ +0\.5 … 1$/m);
});

function hasScript(): boolean {
  try {
    return execFileSync("script", ["--version"]).toString().includes("util-linux");
  } catch {
    console.warn("skipped: `script` of util-linux, which makes a terminal, is not installed");
    return false;
  }
}

const terminal = hasScript();

function startOnTerminal(command: string): ChildProcess {
  const env = { ...process.env, NODE: process.execPath, PROGRAM: program, STORE: folder, SHELL: "/bin/sh" };
  return start("script", ["-qefc", command, "/dev/null"], env);
}

test.runIf(terminal)("on a terminal the view is drawn anew in place, within its height", async () => {
  const { id, child } = await steadyWriter();
  const command = `stty cols 60 rows 7; exec "$NODE" --import tsx "$PROGRAM" tail ${id} --store "$STORE" --every 0.1`;
  const view = startOnTerminal(command);
  await until(view, new RegExp(`(?:${CLEAR.replace("[", "\\[")}[^]*){4}`));
  child.kill("SIGKILL");
  const frames = (await rest(view)).split(CLEAR);
  const inPlace = frames.slice(1, -2);
  for (const frame of inPlace) {
    const lines = frame.split("\r\n");
    const [cursor] = lines.splice(-1);
    expect(lines.length).toBeLessThanOrEqual(6);
    expect(cursor).toBe(`\u001b[${lines.length}A\u001b[1G`);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  }
  expect(frames.at(-1)).toMatch(/^crashed after \d+s, step \d+\r$/m);
  expect(frames.at(-1)).toMatch(/^weights at step \d+\r$/m); // the last one whole
  expect(frames.at(-1)?.endsWith("\u001b[?25h")).toBe(true);
});

test.runIf(terminal)("on a terminal the list has as much of each id as names its run, and fits", async () => {
  const command = `stty cols 60 rows 20; exec "$NODE" --import tsx "$PROGRAM" ls --store "$STORE"`;
  const lines = (await rest(startOnTerminal(command))).trimEnd().split("\r\n");
  const runs = await store.list();
  const beginnings = lines.slice(1).map((line) => line.split(" ")[0]);
  expect(beginnings).toHaveLength(runs.length);
  expect(await Promise.all(beginnings.map(async (id) => (await store.read(id)).id))).toEqual(runs.map(({ id }) => id));
  expect(Math.max(...beginnings.map((id) => id.length))).toBeLessThan(24);
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(60);
});
