import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { openStore } from "../../lib/tracker/store.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");
const disk = join(root, "small disk");
const mounted = mount();

function mount(): boolean {
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], { stdio: "pipe" });
    return true;
  } catch (error) {
    console.log(`skipped: no small disk can be mounted here (${(error as Error).message.split("\n")[0]})`);
    return false;
  }
}

afterAll(() => mounted && execFileSync("umount", ["-l", disk]));

/** Leaves no free block. */
function fill(): () => void {
  const file = join(disk, "filler");
  try {
    for (let i = 0; ; i++) writeFileSync(`${file} ${i}`, Buffer.alloc(4096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
  }
  return () => {
    for (const name of readdirSync(disk)) if (name.startsWith("filler")) rmSync(join(disk, name));
  };
}

describe.skipIf(!mounted)("on a full disk", () => {
  test("logging throws, what was logged before is there, and it goes on when there is space", async () => {
    const store = await openStore(join(disk, "throw"));
    const run = await store.startRun({ name: "x", params: {} });
    run.log(1, { loss: 1 });
    const free = fill();
    let step = 1;
    const log = () => {
      for (; step < 10_000; step++) run.log(step + 1, { loss: step });
    };
    expect(log).toThrow(/cannot write .*events\.jsonl \(ENOSPC\): the disk is full: free some space/);
    expect(() => run.setSummary({ auc: 1 })).toThrow(/cannot write .*run\.json \(ENOSPC\)/);
    await expect(run.artifact(__filename)).rejects.toThrow(/\(ENOSPC\)/);
    await expect(store.startRun({ name: "y", params: {} })).rejects.toThrow(/\(ENOSPC\)/);
    await expect(run.finish()).rejects.toThrow(/\(ENOSPC\)/);
    const reader = await openStore(store.folder, { readOnly: true });
    expect(await reader.list()).toMatchObject([{ name: "x", status: "running", digests: { loss: { points: step } } }]);

    free();
    run.log(step + 1, { loss: step });
    await run.finish({ auc: 0.5 });
    const record = await store.read(run.id);
    expect(record).toMatchObject({ status: "finished", summary: { auc: 0.5 } });
    const steps = (await record.series("loss")).map((point) => point.step);
    expect(steps).toEqual(Array.from({ length: step + 1 }, (_, i) => i + 1));
    expect((await record.problems()).length).toBeLessThanOrEqual(1); // the line that was cut short
    expect(readdirSync(store.folder).filter((name) => name.startsWith("."))).toEqual([]);
    rmSync(store.folder, { recursive: true });
  });

  test("the training goes on if it was told to: one warning, and the record says what is missing", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const store = await openStore(join(disk, "warn"));
    const run = await store.startRun({ name: "x", params: {}, onWriteError: "warn" });
    run.log(1, { loss: 1 });
    const free = fill();
    for (let step = 2; step < 3000; step++) run.log(step, { loss: step });
    run.logWeights(1, ["a"], [1]);
    run.setSummary({ auc: 0.5 });
    await run.finish();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/goes on without what cannot be written: .*ENOSPC/)]]);
    expect(() => run.log(3000, { loss: "x" as unknown as number })).toThrow(/must be a number/);
    free();
    await run.finish();
    warn.mockRestore();
    const record = await store.read(run.id);
    expect(record).toMatchObject({ status: "finished", summary: { auc: 0.5 } });
    const steps = (await record.series("loss")).map((point) => point.step);
    expect(steps).toEqual(Array.from(steps, (_, i) => i + 1));
    const missing = (await record.problems()).find((problem) => /could not be written/.test(problem));
    expect(Number(missing?.split(" ")[0])).toBeGreaterThanOrEqual(2998 - steps.length);
    rmSync(store.folder, { recursive: true });
  });

  test("a store on a disk that became read-only is read, and says so when it is written to", async () => {
    const store = await openStore(join(disk, "read only"));
    const run = await store.startRun({ name: "x", params: {} });
    run.log(1, { loss: 1 });
    await run.finish();
    await store.update(run.id, { name: "renamed" });
    execFileSync("mount", ["-o", "remount,ro", disk]);
    try {
      for (const readOnly of [true, false]) {
        const reader = await openStore(store.folder, { readOnly });
        expect(await reader.list()).toMatchObject([{ name: "renamed", digests: { loss: { points: 1 } } }]);
        expect(await (await reader.read(run.id)).series("loss")).toEqual([{ step: 1, value: 1 }]);
      }
      const erofs = /cannot write .* \(EROFS\): the file system is read-only: use another store folder/;
      await expect(store.startRun({ name: "y", params: {} })).rejects.toThrow(erofs);
      await expect(store.update(run.id, { name: "y" })).rejects.toThrow(erofs);
      await expect(store.remove(run.id)).rejects.toThrow(erofs);
    } finally {
      execFileSync("mount", ["-o", "remount,rw", disk]);
    }
    expect(readFileSync(join(run.folder, "labels.json"), "utf8")).toContain("renamed");
  });
});
