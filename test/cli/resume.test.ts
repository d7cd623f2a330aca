import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { makeDemo } from "../../lib/data/synthetic.js";

const main = join(import.meta.dirname, "../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "dreamprm resume "));
const demo = join(folder, "demo");
const env = { ...process.env, DREAMPRM_BACKEND: "wasm" };
const args = (store: string) => [
  ...[main, "train", "--train_json_file", join(demo, "train.json"), "--meta_json_file", join(demo, "meta.json")],
  ...[
    "--weighting",
    "domain-instance",
    "--hypergradient",
    "dot",
    "--unroll_steps",
    "2",
    "--cold_start_iterations",
    "30",
  ],
  ...["--iteration_num", "200", "--save_every_iterations", "10", "--mlp_dim", "8", "--buckets", "64", "--seed", "3"],
  ...["--quiet", "--store", join(folder, store)],
];
const runOf = (store: string) =>
  join(folder, store, readdirSync(join(folder, store)).find((name) => /^\d{8}-/.test(name)) ?? "");
const artifact = (store: string, name: string) => readFileSync(join(runOf(store), "artifacts", name));

beforeAll(() => makeDemo(demo, { questionsPerDomain: { train: 4, meta: 3, test: 2, candidates: 2 } }));

test("200 iterations are those up to kill −9, resume, and the rest, bit by bit", async () => {
  expect(spawnSync(process.execPath, args("whole"), { env }).status).toBe(0);

  const child = spawn(process.execPath, args("killed"), { env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const checkpoint = () => join(runOf("killed"), "artifacts", "checkpoint.safetensors");
  const begun = Date.now();
  while (!(existsSync(join(folder, "killed")) && existsSync(checkpoint())) && Date.now() - begun < 60_000)
    await wait(5);
  await wait(100);
  child.kill("SIGKILL");
  await ended;

  const store = ["--store", join(folder, "killed")];
  const list = spawnSync(process.execPath, [main, "runs", "ls", "--json", ...store], { env, encoding: "utf8" });
  const [{ id, status }] = JSON.parse(list.stdout) as { id: string; status: string }[];
  expect(status).toBe("crashed");
  const resumed = spawnSync(process.execPath, [main, "resume", id, "--quiet", ...store], { env, encoding: "utf8" });
  expect([resumed.stderr, resumed.status]).toEqual(["", 0]);
  for (const file of ["phi.safetensors", "alpha.safetensors"]) {
    const [a, b] = [artifact("whole", file), artifact("killed", file)];
    const data = (buffer: Buffer) => buffer.subarray(8 + Number(buffer.readBigUInt64LE()));
    expect(data(a).equals(data(b)), file).toBe(true);
  }
  const metrics = (name: string) =>
    readFileSync(join(runOf(name), "events.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; step: number; metrics: object })
      .filter(({ type }) => type === "metrics")
      .map(({ step, metrics }) => ({ step, metrics }));
  expect(metrics("killed")).toEqual(metrics("whole"));
});

test("a run without checkpoint, a finished one and an unknown one are refused, and say why", () => {
  const resume = (id: string, store: string) =>
    spawnSync(process.execPath, [main, "resume", id, "--store", join(folder, store)], { env, encoding: "utf8" });
  expect(resume("nothing", "whole").stderr).toMatch(/no run "nothing"/);
  const id = runOf("whole").split("/").at(-1) ?? "";
  expect(resume(id, "whole").stderr).toMatch(/finished/);
});
