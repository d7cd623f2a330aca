import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./folders.js";
import { killWriters } from "./kills.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");

test("kill −9 at random moments: every event acknowledged before it is there, every run opens as crashed", async () => {
  const { kills, acknowledged, lost, wrong } = await killWriters(join(root, "runs"), 6, 5);
  expect(kills).toBe(6);
  expect(acknowledged).toBeGreaterThan(100);
  expect(lost).toBe(0);
  expect(wrong).toEqual([]);
});
