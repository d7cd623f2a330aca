import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { coldstartCommand } from "../../lib/cli/coldstart.js";
import { encodeCommand } from "../../lib/cli/encode.js";
import { evaluateCommand } from "../../lib/cli/evaluate.js";
import { scoreCommand } from "../../lib/cli/score.js";
import { selectCommand } from "../../lib/cli/select.js";
import { trainCommand } from "../../lib/cli/train.js";
import { useBackend } from "../../lib/core/backend.js";
import { loadTensors } from "../../lib/core/safetensors.js";
import type { Solution } from "../../lib/data/types.js";
import type { PoolEvaluation } from "../../lib/select/poolEvaluation.js";
import type { StudyReport } from "../../lib/study/report.js";
import { openStore } from "../../lib/tracker/store.js";
import { expectClose } from "../expectClose.js";
import { printed } from "./printed.js";
import { tinyImages, tinyInternVl, tinyQwen2Vl, tinySolutions } from "./tinyModels.js";

const folder = mkdtempSync(join(tmpdir(), "vlm-programs-"));
const at = (name: string) => join(folder, name);
const file = (name: string, rows: object[]) => {
  writeFileSync(at(name), JSON.stringify(rows));
  return at(name);
};

beforeAll(async () => {
  await useBackend();
  const solutions = tinySolutions(await tinyImages(at("images")));
  await tinyInternVl(at("intern"));
  await tinyQwen2Vl(at("qwen"));
  file(
    "train.json",
    solutions.map((solution) => talk(solution, true)),
  );
  file("meta.json", solutions.map((solution) => ({ ...talk(solution, false, "Once more. "), true_false: solution.correct }))); // prettier-ignore
  const pools = solutions.slice(0, 3).map(({ question, image }, i) => ({
    ...{ question: `${question} Tell me.`, image_path: image ?? "" },
    candidates: solutions.map(({ steps }) => steps.join("\n\n")),
    true_false: solutions.map((_, n) => n === i),
  }));
  file("test.json", pools);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A row in DreamPRM-1.5's own format. */
function talk({ id, question, steps, correct, image }: Solution, labelled: boolean, before = "") {
  const turns = steps.flatMap((step, i) => [
    { from: "human", value: i === 0 ? `### Question:\n${before}${question}\n\n### Solution Process:\n${step}` : step },
    { from: "gpt", value: labelled && !correct ? "-" : "+" },
  ]);
  return { id, image: image ?? null, conversations: [{ from: "system", value: "Judge each step." }, ...turns] };
}

const store = ["--store", at("store")];
const small = ["--batch_size", "2", "--meta_batch_size", "2"];
const data = ["--train_json_file", at("train.json"), "--meta_json_file", at("meta.json")];
const train = async (...args: string[]) =>
  JSON.parse(await printed(trainCommand(), [...data, ...store, "--json", ...args])) as StudyReport;
const artifact = async (run: string, name: string) =>
  (await loadTensors(join(at("store"), run, "artifacts", name))).tensors;
const paramsOf = async (run: string) => (await (await openStore(at("store"))).read(run)).params;

describe("DreamPRM-1.5 on files of its own formats", () => {
  const recipe = (name: string) => ["--recipe", name, "--reward_model", at("intern")];
  const lora = ["--tune", "lora", "--lora_rank", "2", "--lr", "0.01"];

  test("coldstart makes passes over solutions without a meta set, and train goes on from it", async () => {
    const args = ["--train_json_file", at("train.json"), ...store, ...recipe("dreamprm-1.5-table"), "--json"];
    const report = JSON.parse(await printed(coldstartCommand(), [...args, "--epochs", "1.5"])) as StudyReport;
    const [run] = report.methods[0].runs;
    const record = await (await openStore(at("store"))).read(run);
    expect(record).toMatchObject({
      status: "finished",
      group: "coldstart",
      params: { systemPrompt: "Judge each step." },
    });
    expect((await record.series("lower.loss")).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(report.data).toEqual({ trainRows: 8 });

    const next = await train(...recipe("dreamprm-1.5-table"), "--iteration_num", "4", "--start_from", join(at("store"), run)); // prettier-ignore
    const [before, after] = await Promise.all([run, next.methods[0].runs[0]].map((id) => artifact(id, "phi.safetensors"))); // prettier-ignore
    const name = "language_model.model.layers.0.mlp.down_proj.weight";
    const moved = before[name].values.map((x, i) => Math.abs(x - after[name].values[i]));
    expect(Math.max(...moved)).toBeLessThan(1e-3); // four steps of at most 5e-5, and decay
    expect(Math.max(...moved)).toBeGreaterThan(0);
  });

  test("table: an iteration is a solution with all its steps, which has one weight", async () => {
    const { methods } = await train(...recipe("dreamprm-1.5-table"), ...lora, "--iteration_num", "4");
    const { raw } = await artifact(methods[0].runs[0], "alpha.safetensors");
    expect(raw.shape).toEqual([4]);
    for (const weight of raw.values) expect(Math.abs(weight - 1)).toBeGreaterThan(1e-5); // all were met once
    expect(await paramsOf(methods[0].runs[0])).toMatchObject({
      batchUnit: "solution",
      systemPrompt: "Judge each step.",
    });
  });

  test("net: all steps of a solution have one weight, with which another training goes on", async () => {
    const weights = ["--weights_path", at("weights")];
    await train(...recipe("dreamprm-1.5-net"), ...lora, "--meta_lr", "0.1", "--iteration_num", "6", ...weights);
    const { values } = (await loadTensors(join(at("weights"), "row-weights.safetensors"))).tensors.weights;
    const [a, b, c] = [values.slice(0, 2), values.slice(3, 6), values.slice(6)];
    for (const solution of [a, b, c]) expect(new Set(solution).size).toBe(1);
    expect(new Set(values).size).toBe(4);
    const again = await train(...recipe("dreamprm-1.5-net"), ...lora, "--iteration_num", "2", "--retrain", ...weights);
    expect(again.methods[0].method).toBe("fixed-weights");
  });
});

describe("evaluate --run scores with the run's own model", () => {
  const test15 = ["--test_json_file", at("test.json")];
  const few = "--iteration_num 6 --unroll_steps 2 --meta_batch_size 2 --lora_rank 2 --save_every_iterations 0".split(
    " ",
  );
  const evaluate = async (...args: string[]) =>
    JSON.parse(await printed(evaluateCommand(), [at("test.json"), ...args, "--resamples", "10", "--json"])) as PoolEvaluation; // prettier-ignore
  const rows = <T>(name: string) => readFileSync(at(name), "utf8").trim().split("\n").map((row) => JSON.parse(row) as T); // prettier-ignore
  const runsOf = ({ methods }: StudyReport) => methods.flatMap(({ runs }) => runs).join(",");

  test.each([
    ["labels with LoRA, two seeds", ["--reward_model", at("intern"), "--lr", "0.02", "--seeds", "1,2"]],
    [
      "logits, whole, small images",
      ["--reward_model", at("qwen"), "--tune", "full", "--lr", "0.01", "--image_longest_side", "40"],
    ],
    ["a head on a frozen model", ["--reward_model", at("qwen"), "--readout", "hidden", "--tune", "frozen"]],
  ])("%s: the accuracies that training reported", async (_, args) => {
    const report = await train(...args, ...few, ...test15);
    const { selectors, questions } = await evaluate("--run", runsOf(report), ...store);
    expect(questions).toBe(3);
    const own = selectors.find(({ name }) => name === "domain-table, logOddsMean");
    expect(own?.runs ?? [own?.mean]).toEqual(report.methods[0].bestOfN?.values);

    // and score with the run writes the very scores of the steps by which select chooses
    const [run] = report.methods[0].runs;
    await printed(scoreCommand(), [at("test.json"), "--start_from", join(at("store"), run), "-o", at("scored.jsonl"), "--quiet"]); // prettier-ignore
    await printed(selectCommand(), [at("test.json"), "--run", run, "-o", at("chosen.jsonl"), ...store]);
    const scored = rows<{ candidates: { step_scores: number[] }[] }>("scored.jsonl");
    const chosen = rows<{ candidate: number; step_scores: Record<string, number[][]> }>("chosen.jsonl");
    expect(chosen).toHaveLength(3);
    chosen.forEach(({ candidate, step_scores }, i) =>
      expectClose(step_scores["domain-table"][0], scored[i].candidates[candidate].step_scores, { relative: 1e-5 }),
    );
  });

  test("a head on hidden states: by the stored ones, and by the model where they lack some", async () => {
    const encode = (...files: string[]) =>
      printed(encodeCommand(), [...files.map(at), "--reward_model", at("qwen"), "-o", at("states"), "--json"]);
    await encode("train.json", "meta.json");
    const run = runsOf(await train("--hidden_states", at("states"), "--iteration_num", "20", "--lr", "0.1", ...small));
    const before = readFileSync(join(at("states"), "index.json"), "utf8");
    const byModel = await evaluate("--run", run, ...store);
    expect(readFileSync(join(at("states"), "index.json"), "utf8")).toBe(before);
    await encode("test.json");
    const stored = await evaluate("--run", run, ...store);
    expect(byModel.selectors.map(({ name, mean }) => [name, mean])).toEqual(stored.selectors.map(({ name, mean }) => [name, mean])); // prettier-ignore
    await expect(printed(scoreCommand(), [at("test.json"), "--start_from", join(at("store"), run), "-o", at("x")])).rejects.toThrow(/is a head on features: dreamprm evaluate FILE --run RUN/); // prettier-ignore
    rmSync(join(at("states"), "encode.json"));
    const others = file("others.json", [{ question: "New?", image_path: "", candidates: ["a", "b"], true_false: [true, false] }]); // prettier-ignore
    await expect(printed(evaluateCommand(), [others, "--run", run, ...store])).rejects.toThrow(/lacks the states of 2 of 2 steps.*encode their file/); // prettier-ignore
  });

  test("runs of unlike models are not evaluated together", async () => {
    const a = runsOf(await train("--reward_model", at("intern"), ...few));
    const b = runsOf(await train("--reward_model", at("qwen"), ...few));
    await expect(evaluate("--run", `${a},${b}`, ...store)).rejects.toThrow(
      /differ in reward_model; evaluate them one by one/,
    );
  });
});

describe("defaults and refusals", () => {
  const shown = (...args: string[]) => printed(trainCommand(), [...data, ...store, "--iteration_num", "1", ...args]);

  test("vision-language models have DreamPRM's defaults, heads have their own", async () => {
    const head = await shown("--mlp_dim", "2", "--buckets", "8", ...small);
    expect(head).not.toMatch(/options override/);
    const vlm = await shown("--reward_model", at("qwen"), "--tune", "full");
    expect(vlm).toMatch(/^defaults of vision-language models; options override them\n {2}batch_size 1\n {2}meta_batch_size 1\n {2}lr 5e-7\n/); // prettier-ignore
    expect(await shown("--reward_model", at("qwen"), "--lora_rank", "1")).toContain("\n  lr 0.0001\n");
    const help = trainCommand().helpInformation();
    expect(help.replace(/\s+/g, " ")).toContain("(default: 0.001; vision-language models: 5e-7 full, 0.0001 lora, 0.001 frozen)"); // prettier-ignore
  });

  test.each([
    [
      "weights to learn without a meta set",
      ["--weighting", "domain-table"],
      /domain-table learns weights on a meta set: give --meta_json_file, or --baseline/,
    ],
    [
      "second derivatives through checkpointing",
      ["--reward_model", "x", "--gradient_checkpointing", "--hypergradient", "neumann", "--meta_json_file", "y"],
      /neumann needs second derivatives, which do not pass --gradient_checkpointing/,
    ],
  ])("%s", async (_, args, message) => {
    await expect(printed(trainCommand(), ["--train_json_file", at("train.json"), "--quiet", ...args])).rejects.toThrow(message); // prettier-ignore
  });

  test("a net weighs solutions only in batches of solutions", async () => {
    const net = [
      "--weighting",
      "instance-net",
      "--instance",
      "solution",
      "--batch_size",
      "2",
      "--meta_batch_size",
      "2",
    ];
    await expect(shown(...net, "--quiet")).rejects.toThrow(/batches hold them: --batch_unit solution/);
  });
});
