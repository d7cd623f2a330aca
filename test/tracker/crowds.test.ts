import { join } from "node:path";
import { expect, test } from "vitest";
import { crowd } from "./crowds.js";
import { temporaryFolder } from "./folders.js";

const root = temporaryFolder();
process.env.GIT_DIR = join(root, "no repository");

test("three processes write runs while two read them all: nothing is lost, invalid or left over", async () => {
  const { lists, ...found } = await crowd(join(root, "runs"), 3, 6, 50);
  expect(found).toEqual({ finished: 18, indexed: 18, unreadable: 0, wrong: [], failures: 0, leftovers: [] });
  expect(lists).toBeGreaterThan(0);
});
