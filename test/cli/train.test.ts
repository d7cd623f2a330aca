import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { StudyReport } from "../../lib/study/report.js";
import { makeDemo } from "../../lib/data/synthetic.js";

const main = join(import.meta.dirname, "../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "dreamprm train "));
const demo = join(folder, "demo");
const store = join(folder, "runs");
const files = ["--train_json_file", join(demo, "train.json"), "--meta_json_file", join(demo, "meta.json")];

function dreamprm(...args: string[]) {
  const env = { ...process.env, DREAMPRM_BACKEND: "wasm", DREAMPRM_STORE: store };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

beforeAll(() => makeDemo(demo, { questionsPerDomain: { train: 4, meta: 3, test: 2, candidates: 2 } }));

describe("dreamprm train", () => {
  test("trains methods from seeds, logs them and prints one JSON value", () => {
    const { status, stdout, stderr } = dreamprm(
      ...[
        "train",
        ...files,
        "--test_json_file",
        join(demo, "test.json"),
        "--quality_json_file",
        join(demo, "truth.json"),
      ],
      ...[
        "--candidates-json-file",
        join(demo, "candidates.json"),
        "--methods",
        "vanilla,domain-table",
        "--seeds",
        "1,2",
      ],
      ...["--iteration_num", "20", "--gradiant_accumulation", "2", "--unroll-steps", "2", "--json", "--quiet"],
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as StudyReport;
    expect(report.methods.map(({ method, seeds }) => [method, seeds])).toEqual([
      ["vanilla", [1, 2]],
      ["domain-table", [1, 2]],
    ]);
    const [vanilla, table] = report.methods;
    expect(vanilla.weights).toBeUndefined();
    const weights = Object.values(table.weights ?? {}).map(({ values }) => values[0]);
    expect(weights).toHaveLength(10);
    expect(weights.reduce((a, b) => a + b, 0) / 10).toBeCloseTo(1, 5);
    expect(table.bestOfN?.values).toHaveLength(2);
    const runs = JSON.parse(dreamprm("runs", "ls", "--json").stdout) as { status: string }[];
    expect(runs.map((run) => run.status)).toEqual(Array(4).fill("finished"));
  });

  test("weights are written, and --retrain trains with them", () => {
    const path = join(folder, "weights");
    const few = ["--iteration_num", "10", "--quiet", "--weights_path", path];
    expect(dreamprm("train", ...files, ...few).status).toBe(0);
    const weights = JSON.parse(readFileSync(join(path, "weights.json"), "utf8")) as Record<string, number>;
    expect(readdirSync(path).sort()).toEqual(["alpha.safetensors", "phi.safetensors", "weights.json"]);
    const report = JSON.parse(dreamprm("train", ...files, ...few, "--retrain", "--json").stdout) as StudyReport;
    const used = report.methods[0].weights ?? {};
    for (const [domain, weight] of Object.entries(weights)) expect(used[domain].mean).toBeCloseTo(weight, 5);
  });

  test("row weights are written and trained with again; every weighting trains and reports its rows", () => {
    const path = join(folder, "row weights");
    const few = ["--iteration_num", "12", "--quiet", "--hypergradient", "dot", "--unroll_steps", "2"];
    const table = dreamprm("train", ...files, ...few, "--weighting", "instance-table", "--weights_path", path);
    expect(table.stderr).toBe("");
    expect(readdirSync(path)).toContain("row-weights.safetensors");
    const again = dreamprm("train", ...files, "--iteration_num", "5", "--retrain", "--weights_path", path, "--quiet");
    expect([again.status, again.stderr]).toEqual([0, ""]);
    const all =
      "instance-net,instance-net-published,meta-weight-net,domain-instance,doremi,balanced-domains,small-loss,certain-labels,uncertain-labels,random-rows";
    const { stdout, stderr } = dreamprm("train", ...files, ...few, "--methods", all, "--json");
    expect(stderr).toBe("");
    const { methods } = JSON.parse(stdout) as StudyReport;
    expect(methods.map(({ method }) => method).join(",")).toBe(all);
    for (const { method, wrongLabelAuc } of methods.slice(0, 4)) {
      expect(wrongLabelAuc?.mean, method).toBeGreaterThan(0);
    }
  });

  test("a cold start, validation with patience, every hypergradient, sgd and cosine schedules", () => {
    const validation = ["--validation_json_file", join(demo, "test.json"), "--validate_every", "2", "--patience", "1"];
    const few = [
      "--iteration_num",
      "10",
      "--cold_start_iterations",
      "4",
      "--mlp_dim",
      "4",
      "--buckets",
      "16",
      "--quiet",
    ];
    for (const method of ["darts", "dot", "sama", "neumann", "conjugateGradient", "unrolled"]) {
      const { status, stderr } = dreamprm(
        ...["train", ...files, ...few, ...validation, "--hypergradient", method, "--unroll_steps", "2"],
        ...["--scheduler_type", "cosine_schedule_with_warmup", "--optimizer", "sgd", "--momentum", "0.9"],
      );
      expect([method, stderr, status]).toEqual([method, "", 0]);
    }
  });
});

describe("bad input is one clear message and exit 1", () => {
  const bad = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const row = { input: "q", add: "Step 1: a", image_path: "", dataset: "bar", accuracy: 0.5 };
  const train = (path: string, ...more: string[]) =>
    dreamprm("train", "--train_json_file", path, "--meta_json_file", join(demo, "meta.json"), ...more);

  test.each([
    ["truncated JSON", '[{"input": "q", "add"', /truncated JSON\.json.*(?:line|position|ends)/s],
    ["wrong type", JSON.stringify([{ ...row, accuracy: "high" }]), /row 0.*accuracy.*high/s],
    ["NaN label", '[{"input":"q","add":"a","image_path":"","dataset":"d","accuracy":NaN}]', /accuracy.*NaN/s],
    ["accuracy 1.5", JSON.stringify([row, { ...row, accuracy: 1.5 }]), /row 1.*accuracy.*1\.5/s],
    ["empty file", "", /empty/],
  ])("%s", (name, text, message) => {
    const { status, stdout, stderr } = train(bad(`${name}.json`, text));
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([status, stdout]).toEqual([1, ""]);
  });

  test.each([
    ["a missing file", ["train", "--train_json_file", join(folder, "none.json"), ...files.slice(2)], /none\.json/],
    ["an unknown option", ["train", ...files, "--learning-rate", "1"], /unknown option '--learning-rate'/],
    [
      "an option without effect",
      ["train", ...files, "--baseline", "--meta_lr", "1"],
      /--meta_lr has no effect on vanilla/,
    ],
    [
      "step labels that the meta set does not have",
      ["train", ...files, "--loss_target", "steps", "--quiet"],
      /no solution has step labels/,
    ],
    [
      "a net's option without a net",
      ["train", ...files, "--net_inputs", "label"],
      /--net_inputs has no effect on domain-table/,
    ],
    [
      "a selection of steps where solutions have weights",
      ["train", ...files, "--weighting", "random-rows", "--instance", "solution", "--quiet"],
      /"random-rows" weighs single steps/,
    ],
    ["a number out of range", ["train", ...files, "--lr", "-1"], /'--lr <number>'.*above 0/],
    [
      "another reward model",
      ["train", ...files, "--reward_model", "./nowhere"],
      /\.\/nowhere is neither a folder nor a model's name on the hub/,
    ],
    [
      "retrain without weights",
      ["train", ...files, "--retrain", "--weights_path", join(folder, "no")],
      /weights\.json cannot be read/,
    ],
    [
      "the meta set as training set",
      ["train", ...files.slice(0, 2), "--meta_json_file", join(demo, "train.json")],
      /train\.json/,
    ],
    [
      "the same questions twice",
      ["train", ...files, "--test_json_file", join(demo, "meta.json")],
      /meta and test share/,
    ],
  ])("%s", (_name, args, message) => {
    const { status, stderr } = dreamprm(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(1);
  });

  test.skipIf(process.getuid?.() === 0)("a store that cannot be written", () => {
    const closed = mkdtempSync(join(folder, "closed-"));
    chmodSync(closed, 0o500);
    const { status, stderr } = dreamprm("train", ...files, "--store", join(closed, "runs"));
    expect(stderr).toMatch(/closed-/);
    expect(status).toBe(1);
  });
});
