import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replayImages } from "../../lib/cli/replayImages.js";

const folder = join(import.meta.dirname, "../../../shared/fixtures/image-processing");
const there = existsSync(folder);
if (!there) console.log(`skipped: no reference images in ${folder}`);

test.runIf(there)("the reference images are met", async () => {
  const { deviations } = await replayImages(folder);
  expect(Object.keys(deviations)).toHaveLength(4 * 6 + 4 * 4);
  for (const [what, deviation] of Object.entries(deviations)) {
    // patches and tiles are equal; means were summed in another order
    const limit = what.includes("mean") ? 1e-6 : 0;
    expect(deviation, what).toBeLessThanOrEqual(limit);
  }
});

test.runIf(there)("other numbers and other shapes show", async () => {
  const copy = mkdtempSync(join(tmpdir(), "replay-"));
  cpSync(folder, copy, { recursive: true });
  const file = join(copy, "qwen2-vl.json");
  const json = JSON.parse(readFileSync(file, "utf8")) as {
    cases: { row0: number[]; pixelShape: number[]; mean: number }[];
  };
  const [first, second] = json.cases;
  first.row0[5] += 0.5;
  second.row0.pop();
  second.pixelShape[0]++;
  writeFileSync(file, JSON.stringify(json));
  const { deviations } = await replayImages(copy);
  expect(deviations["Qwen2-VL image0.png first patch"]).toBeGreaterThan(0.1);
  expect(deviations["Qwen2-VL image1.png first patch"]).toBe(Infinity);
  expect(deviations["Qwen2-VL image1.png shape"]).toBeGreaterThan(1e-4);
  delete (first as Partial<typeof first>).mean;
  writeFileSync(file, JSON.stringify(json));
  await expect(replayImages(copy)).rejects.toThrow(
    /qwen2-vl\.json is no reference of prepared images:\n.*cases\.0\.mean/,
  );
});
