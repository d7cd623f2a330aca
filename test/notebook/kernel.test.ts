import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { startKernel, type Kernel, type KernelOutput } from "../../lib/notebook/kernel.js";
import { failureOf } from "../../lib/notebook/failure.js";
import { compileGuard, isAlive, privateTmpdir, root, temporaryFolder, until } from "./support.js";

let cwd: string;
let kernel: Kernel | undefined;
let tmp: string;
const text = (outputs: KernelOutput[]) => outputs.map(({ content }) => content["text"]).join("");

beforeAll(() => {
  compileGuard();
  cwd = temporaryFolder();
  tmp = privateTmpdir();
});
afterEach(() => kernel?.close());
afterAll(() => [cwd, tmp].forEach((folder) => rmSync(folder, { recursive: true })));
vi.setConfig({ testTimeout: 180_000 });

test("errors are told from warnings; no process or file stays behind; a kernel that dies says its last words", async () => {
  kernel = await startKernel({ cwd, env: { ANSWER: "42" } });
  expect(readdirSync(tmp)).toEqual([]);
  const late: KernelOutput[] = [];
  await kernel.execute("const a = await Promise.resolve(2);");
  const reply = await kernel.execute(
    "console.log(a * 21, process.env.ANSWER, process.cwd()); console.error('3:1 - warning')",
    {
      onOutput: (output) => late.push(output),
    },
  );
  expect(reply).toMatchObject({ status: "ok", executionCount: 2, uncaught: [] });
  expect(text(reply.outputs)).toContain(`42 42 ${cwd}\n`);
  expect(failureOf("", reply)).toBeUndefined();

  const failure = async (source: string) => {
    const found = failureOf(source, await kernel!.execute(source));
    return `${found?.kind}: ${found?.message}`;
  };
  expect(await failure("const b: string = a;")).toBe(
    "type error: 1:7 - Type 'number' is not assignable to type 'string'.",
  );
  expect(await failure("console.error('first');\nthrow new RangeError('too far');")).toBe(
    "exception: RangeError: too far",
  );
  expect(await failure("/** @module wrong */\nexport const c: number = 'x';")).toMatch(/^type error: wrong.ts 2:14 - /);
  expect(await failure("void Promise.reject(new Error('nobody waits'));")).toBe("uncaught error: Error: nobody waits");

  const source = "(await import('node:fs')).writeSync(2, 'farewell'); process.kill(process.pid, 'SIGKILL'); for (;;);";
  await expect(kernel.execute(source)).rejects.toThrow(/kernel died \(SIGKILL\).*farewell/s);
  expect(isAlive(kernel.pid)).toBe(false);
  expect(readdirSync(tmp)).toEqual([]);
});

test("a timeout ends a kernel that blocks, with the processes it started", async () => {
  kernel = await startKernel({ cwd });
  const started = await kernel.execute(
    "const { spawn } = await import('node:child_process'); console.log(spawn('sleep', ['1000'], { detached: true }).pid);",
  );
  const child = Number(text(started.outputs));
  expect(isAlive(child)).toBe(true);
  await expect(kernel.execute("for (;;);", { timeoutMs: 300 })).rejects.toThrow("did not end within 0.3 s");
  expect(await until(() => !isAlive(kernel!.pid) && !isAlive(child))).toBe(true);
  await expect(kernel.execute("1")).rejects.toThrow("kernel died");
});

test("a kernel that cannot start is reported, not waited for", async () => {
  await expect(startKernel({ cwd, env: { NODE_OPTIONS: "--no-such-option" } })).rejects.toThrow(
    /kernel died \(exit code 9\)/,
  );
  await expect(startKernel({ cwd: join(cwd, "missing") })).rejects.toThrow("kernel died");
});

test("a kernel ends itself when its owner is killed, even while a cell blocks", async () => {
  const script = `
    const { startKernel } = require("./lib/notebook/kernel.ts");
    startKernel({ cwd: ${JSON.stringify(cwd)} }).then((kernel) => {
      void kernel.execute("for (;;);");
      setTimeout(() => console.log("pid", kernel.pid), 300);
    });`;
  const owner = spawn(process.execPath, ["--require", "tsx/cjs", "--eval", script], { cwd: root });
  let printed = "";
  owner.stdout.on("data", (data: Buffer) => (printed += data.toString()));
  owner.stderr.on("data", (data: Buffer) => (printed += data.toString()));
  expect(await until(() => /pid \d+/.test(printed), 120_000), printed).toBe(true);
  const pid = Number(/pid (\d+)/.exec(printed)?.[1]);
  await sleep(200);
  expect(isAlive(pid)).toBe(true);
  owner.kill("SIGKILL");
  expect(await until(() => !isAlive(pid))).toBe(true);
  expect(readdirSync(tmp).filter((name) => name.startsWith("dreamprm"))).toEqual([]);
});
