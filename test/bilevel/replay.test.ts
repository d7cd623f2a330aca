import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { replay } from "../../lib/cli/replay.js";
import { useBackend } from "../../lib/core/backend.js";

beforeAll(() => useBackend());

const golden = (name: string) => join(import.meta.dirname, "../golden/bilevel", name);
const worst = (deviations: Readonly<Record<string, number>>) => Math.max(...Object.values(deviations));

test.each([
  ["domain-sgd-darts.json", 1e-3],
  ["domain-adamw-unroll5.json", 1e-3],
  ["exact-domain-table.json", 1e-4],
  // what they cover stands in their `origin`
  ["instance-net-attached.json", 1e-3],
  ["instance-table-cg.json", 1e-3],
  ["momentum-schedules.json", 1e-3],
  ["product-leaky-table.json", 1e-3],
  ["roll-back-accumulation-clip.json", 1e-3],
  ["sama-adamw.json", 1e-3],
])("%s is reproduced within %f", async (file, tolerance) => {
  const { deviations } = await replay(golden(file));
  expect(Object.keys(deviations).length).toBeGreaterThan(5);
  expect(worst(deviations)).toBeLessThanOrEqual(tolerance);
});
