import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./folders.js";
import { fuzz } from "./fuzz.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");

test("a damaged file is told or harmless, never wrong data in silence", async () => {
  const { rounds, told, harmless, wrong } = await fuzz(join(root, "runs"), 500, 4);
  expect(wrong).toEqual([]);
  expect(told + harmless).toBe(rounds);
  expect(told).toBeGreaterThan(rounds / 2);
});
