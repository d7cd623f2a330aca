import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../lib/core/backend.js";
import { replay } from "../../lib/cli/replay.js";
import { onEveryBackend, sharedFixture } from "./golden.js";

const fixtures = ["qwen2-vl-tiny", "internvl3-tiny"].flatMap((name) => sharedFixture(name) ?? []);

describe.runIf(fixtures.length > 0)("reference models", () => {
  onEveryBackend(() => {
    test.each(fixtures)("%s is reproduced", async (folder) => {
      const { absolute, deviations } = await replay(folder);
      expect(Object.keys(absolute).length).toBeGreaterThan(2);
      expect(Object.keys(deviations).length).toBeGreaterThan(10);
      for (const d of Object.values(absolute)) expect(d).toBeLessThanOrEqual(2e-4);
      for (const d of Object.values(deviations)) expect(d).toBeLessThanOrEqual(1e-3);
    });
  });

  const folder = mkdtempSync(join(tmpdir(), "dreamprm-replay-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(async () => {
    await useBackend();
    cpSync(fixtures[0], folder, { recursive: true });
    for (const file of ["cases.json", "config.json"]) {
      const text = readFileSync(join(fixtures[0], file), "utf8");
      rmSync(join(folder, file), { force: true });
      writeFileSync(join(folder, file), text);
    }
  });

  const change = (file: string, changed: (json: Record<string, unknown>) => unknown) => {
    const text = readFileSync(join(fixtures[0], file), "utf8");
    writeFileSync(join(folder, file), JSON.stringify(changed(JSON.parse(text) as Record<string, unknown>)));
    return () => writeFileSync(join(folder, file), text);
  };

  test("the command exits 1 above the tolerance", () => {
    const tsx = join(import.meta.dirname, "../../node_modules/tsx/dist/cli.mjs");
    const main = join(import.meta.dirname, "../../lib/cli/main.ts");
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [tsx, main, "replay", ...args], { encoding: "utf8" });
    expect(run(fixtures[0]).status).toBe(0);
    const strict = run(fixtures[0], "--absolute-tolerance", "1e-9");
    expect(strict.status).toBe(1);
    expect(strict.stdout).toMatch(/FAIL ±.*last token's logits/);
  });

  test("a checkpoint that does not fit its config lists every tensor", async () => {
    const restore = change("config.json", (c) => ({ ...c, num_hidden_layers: 4, intermediate_size: 113 }));
    await expect(replay(folder)).rejects.toThrow(
      /model\.safetensors does not fit its config[^]*missing: model\.layers\.3\.[^]*wrong shape: model\.layers\.0\.mlp\.down_proj\.weight is \[64, 112\], the config asks for \[64, 113\]|wrong shape[^]*missing/,
    );
    restore();
  });

  test("files in another layout name the field", async () => {
    const restore = change("config.json", (c) => ({ ...c, model_type: "llama" }));
    await expect(replay(folder)).rejects.toThrow(/config\.json is not in the layout.*\n.*model_type: .*got "llama"/);
    restore();
    change("cases.json", ({ cases }) => ({ cases }));
    await expect(replay(folder)).rejects.toThrow(/cases\.json is not in the layout.*\n.*head/);
  });
});

test("a folder without a model says what one holds", async () => {
  await expect(replay(import.meta.dirname)).rejects.toThrow(/no reference folder; one holds config\.json/);
});
