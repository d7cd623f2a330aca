import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { convert } from "../../../lib/data/convert.js";
import { scratch } from "../helpers.js";

const shared = "../shared/data";
const { folder } = scratch();

test("published files still import", async ({ skip }) => {
  if (!existsSync(shared)) {
    console.log(`skipped: no ${shared}`);
    skip(`no ${shared}`);
  }
  const expected: Record<string, number> = {
    mrben: 4534,
    "big-bench-mistake": 2186,
    dreamprm: 500,
    "dreamprm-1.5": 240,
  };
  for (const [name, solutions] of Object.entries(expected)) {
    expect(readdirSync(shared)).toContain(name);
    const out = path.join(folder, `${name}.jsonl`);
    const { written, sources } = await convert([path.join(shared, name)], { out, to: "meta", quiet: true });
    expect(written[0].rows).toBe(solutions);
    expect(sources.every(({ outcomes }) => outcomes.unknown === 0)).toBe(true);
  }
});
