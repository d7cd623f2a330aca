import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTrainSet } from "../../lib/data/dreamprm.js";
import { loadConversations, loadMetaSet, loadPools } from "../../lib/data/solutions.js";

const text = readFileSync(join(import.meta.dirname, "../../data/README.md"), "utf8");
const examples = [...text.matchAll(/<!-- (\w+) -->\n+```json\n([^]*?)```/g)].map(([, loader, json]) => ({
  loader,
  json,
}));
const folder = mkdtempSync(join(tmpdir(), "formats-"));

test("every format has an example", () => {
  expect(examples.map(({ loader }) => loader)).toEqual([
    ...["loadTrainSet", "loadMetaSet", "loadConversations", "loadPools", "loadMetaSet"],
  ]);
});

test.each(examples.map((example, i) => ({ ...example, i })))(
  "example $i loads with $loader",
  async ({ loader, json, i }) => {
    const path = join(folder, `${i}.json`);
    writeFileSync(path, json);
    const rows = (JSON.parse(json) as unknown[]).length;
    switch (loader) {
      case "loadTrainSet": {
        const { samples } = await loadTrainSet(path, { quiet: true });
        expect(samples.map(({ steps, target }) => [steps.length, target])).toEqual([
          [2, 0.875],
          [1, 0],
        ]);
        break;
      }
      case "loadPools":
        expect((await loadPools(path, { quiet: true }))[0].candidates.map(({ correct }) => correct)).toEqual([
          true,
          false,
        ]);
        break;
      default: {
        const load = loader === "loadConversations" ? loadConversations : loadMetaSet;
        const { solutions } = await load(path, { quiet: true });
        expect(solutions).toHaveLength(rows);
        expect(solutions.every(({ steps }) => steps.length > 0)).toBe(true);
      }
    }
  },
);
