import type { Command } from "commander";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { coldstartCommand } from "../../lib/cli/coldstart.js";
import { encodeCommand } from "../../lib/cli/encode.js";
import { scoreCommand } from "../../lib/cli/score.js";
import { trainCommand } from "../../lib/cli/train.js";
import { useBackend } from "../../lib/core/backend.js";
import { loadTensors } from "../../lib/core/safetensors.js";
import { toMetaRows, toTrainRows } from "../../lib/data/rows.js";
import type { Solution } from "../../lib/data/types.js";
import { refuseBeyondMemory, visionPrm } from "../../lib/vlm/visionPrm.js";
import { printed } from "./printed.js";
import { tinyImages, tinyInternVl, tinyQwen2Vl, tinySolutions } from "./tinyModels.js";

const folder = mkdtempSync(join(tmpdir(), "vlm-cli-"));
const at = (name: string) => join(folder, name);
let solutions: Solution[];

beforeAll(async () => {
  await useBackend();
  solutions = tinySolutions(await tinyImages(at("images"))).map((solution) => ({ ...solution, domain: "sums" }));
  await tinyInternVl(at("intern"));
  await tinyQwen2Vl(at("qwen"));
  const labelled = solutions.map((s) => ({ ...s, stepLabels: s.steps.map((): 0 | 1 => (s.correct ? 1 : 0)) }));
  writeFileSync(at("train.json"), JSON.stringify(toTrainRows(labelled, { labels: "steps" })));
  const others = solutions.map((s) => ({ ...s, questionId: `m${s.id}`, question: `${s.question} Now again.` }));
  writeFileSync(at("meta.json"), JSON.stringify(toMetaRows(others)));
});
afterAll(() => rmSync(folder, { recursive: true }));

const data = () => [
  "--train_json_file",
  at("train.json"),
  "--meta_json_file",
  at("meta.json"),
  "--store",
  at("store"),
  "--json",
];
const short = "--batch_size 2 --meta_batch_size 2 --iteration_num 4 --unroll_steps 2".split(" ");
const adapters = ["--lora_rank", "2"];

const trained = (command: Command, ...args: string[]) => runIn(command, [...data(), ...short, ...args]);

/** The folder of the run that a command reports. */
async function runIn(command: Command, args: string[]): Promise<string> {
  const id = /\d{8}-\d{6}-[\w-]{8}/.exec(await printed(command, args))?.[0];
  if (id === undefined) throw new Error("the report names no run");
  return join(at("store"), id);
}

test("train learns adapters that score then uses; the scores are those of the run's φ", async () => {
  const run = await trained(trainCommand(), "--reward_model", at("intern"), ...adapters);
  const { tensors } = await loadTensors(join(run, "artifacts", "phi.safetensors"));
  expect(Object.keys(tensors)).toHaveLength(2 * 14);
  const b = tensors["language_model.model.layers.1.mlp.down_proj.lora_B.weight"].values;
  expect(b.some((x) => x !== 0)).toBe(true);
  expect(existsSync(join(run, "artifacts", "adapters", "adapter_model.safetensors"))).toBe(true);

  const scoresOf = async (out: string, ...more: string[]) => {
    await printed(scoreCommand(), [at("meta.json"), "--reward_model", at("intern"), "-o", at(out), "--quiet", ...more]);
    const rows = readFileSync(at(out), "utf8").trim().split("\n");
    return rows.map((row) => JSON.parse(row) as { candidates: { steps: string[]; step_scores: number[] }[] });
  };
  const plain = await scoresOf("plain.jsonl");
  const adapted = await scoresOf("adapted.jsonl", "--start_from", join(run, "artifacts", "adapters"));
  const byPhi = await scoresOf("phi.jsonl", "--start_from", run, ...adapters);
  expect(plain.map(({ candidates }) => candidates[0].step_scores.length)).toEqual([2, 1, 3, 2]);
  expect(plain.flatMap(({ candidates }) => candidates[0].step_scores).every((s) => s > 0 && s < 1)).toBe(true);
  expect(adapted).toEqual(byPhi);
  expect(adapted).not.toEqual(plain);
});

test("solutions without outcome are scored as well", async () => {
  const rows = [
    { id: "a", question: "What is 1 + 1?", steps: ["1 + 1 = 2.", "Answer: 2"], image_path: "images/small.png" },
    { id: "b", problem: "What is 2 + 2?", response: "Step 1: 2 + 2 = 4.\n\nStep 2: done.\n\nAnswer: 4" },
  ];
  writeFileSync(at("plain.json"), JSON.stringify(rows));
  const args = ["--reward_model", at("intern"), "-o", at("unlabelled.jsonl"), "--quiet"];
  await printed(scoreCommand(), [at("plain.json"), ...args]);
  const scored = readFileSync(at("unlabelled.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((row) => JSON.parse(row) as { candidates: { id: string; step_scores: number[] }[] });
  expect(scored.map(({ candidates }) => [candidates[0].id, candidates[0].step_scores.length])).toEqual([
    ["a", 2],
    ["b", 3],
  ]);
  writeFileSync(at("plain.json"), JSON.stringify([rows[0], { id: "c", question: "What?" }]));
  await expect(printed(scoreCommand(), [at("plain.json"), ...args])).rejects.toThrow(/row 1[^]*steps/);
});

test("coldstart leaves a φ that train starts from", async () => {
  const model = ["--reward_model", at("qwen"), "--readout", "hidden", ...adapters];
  const supervised = ["--train_json_file", at("train.json"), "--store", at("store"), "--json", "--batch_size", "2"];
  const cold = await runIn(coldstartCommand(), [...supervised, ...model]);
  const next = await trained(trainCommand(), ...model, "--start_from", cold, "--lr", "1e-12", "--weight_decay", "0");
  const [before, after] = await Promise.all(
    [cold, next].map((run) => loadTensors(join(run, "artifacts", "phi.safetensors"))),
  );
  for (const [name, { values }] of Object.entries(before.tensors)) {
    values.forEach((value, i) => expect(after.tensors[name].values[i]).toBeCloseTo(value, 6));
  }
  await expect(
    trained(trainCommand(), "--reward_model", at("qwen"), "--start_from", cold, ...adapters),
  ).rejects.toThrow(/φ in .* does not fit[^]*reward_head.weight is \[1, 32\], the config asks for \[1, 288\]/);
});

test("encode stores states that a head trains on, and says what it lacks", async () => {
  const states = at("states");
  const args = [at("train.json"), at("meta.json"), "--reward_model", at("qwen"), "-o", states, "--json"];
  expect(JSON.parse(await printed(encodeCommand(), args))).toEqual({
    computed: 16,
    total: 16,
    folder: states,
    size: 32,
  });
  const run = await trained(trainCommand(), "--hidden_states", states, "--reward_model", "linear");
  const { tensors } = await loadTensors(join(run, "artifacts", "phi.safetensors"));
  expect(tensors["head/weight"].shape).toEqual([32, 1]);
});

test("options override the recipe, whose values are printed", async () => {
  const args = [
    ...data().filter((arg) => arg !== "--json"),
    ...short,
    "--recipe",
    "dreamprm",
    "--reward_model",
    at("qwen"),
    "--tune",
    "lora",
    "--group",
    "recipe",
  ];
  const text = await printed(trainCommand(), args);
  expect(text).toMatch(/recipe dreamprm; options override them[^]*\n {2}lr 5e-7\n/);
  expect(text).not.toMatch(/\n {2}(?:batch_size|reward_model|tune) /);
  expect(text).toMatch(/needs about [\d.]+ GB.*24 prompts of up to \d+ tokens/);
});

test("bad use is refused before weights are read", async () => {
  const meta = at("meta.json");
  const score = (...args: string[]) => printed(scoreCommand(), [meta, "-o", at("none.jsonl"), "--quiet", ...args]);
  await expect(score("--reward_model", at("qwen"))).rejects.toThrow(/readout "logits" needs a trained head/);
  await expect(score("--reward_model", at("images"))).rejects.toThrow(/is no model's folder: it lacks config.json/);
  await expect(score("--reward_model", at("intern"), "--max_tokens", "30")).rejects.toThrow(/the limit is 30/);
  await expect(
    printed(trainCommand(), [...data(), "--reward_model", at("qwen"), "--precision", "bf16"]),
  ).rejects.toThrow(/computes in half precision/);
  await expect(printed(trainCommand(), [...data(), "--lora_rank", "4"])).rejects.toThrow(
    /--lora_rank has no effect on the reward model mlp/,
  );
  await expect(printed(trainCommand(), [...data(), "--reward_model", at("qwen"), "--buckets", "9"])).rejects.toThrow(
    /--buckets has no effect/,
  );
  const nothing = ["--reward_model", at("intern"), "--tune", "frozen"];
  await expect(printed(trainCommand(), [...data(), ...nothing])).rejects.toThrow(/readout "label" trains nothing/);
  expect(existsSync(at("none.jsonl"))).toBe(false);

  const opened = await visionPrm(at("intern"), { tune: "full" });
  const use = { training: true, forced: false, available: 1e6 };
  expect(() => refuseBeyondMemory(opened, use)).toThrow(
    /needs about [\d.]+ GB.*0\.0 GB are free: choose --tune lora.*--force/,
  );
  expect(refuseBeyondMemory(opened, { ...use, forced: true })).toMatch(/needs about/);
});
