import { Command } from "commander";
import path from "node:path";
import { defaultTemplates } from "../sampling/template.js";
import { loadQuestions } from "../sampling/question.js";
import { sampleSolutions } from "../sampling/sample.js";
import { type Solved, toSolvedRow } from "../sampling/solved.js";
import { positiveInteger } from "./arguments.js";
import { addPolicyOptions, flag, type PolicyFlags } from "./policyFlags.js";
import { runJob } from "./policyJob.js";

interface SampleFlags extends PolicyFlags {
  samples: number;
  imageRoot?: string;
}

/** `dreamprm sample` */
export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("write N solutions of each question with a policy model")
    .argument(
      "<questions>",
      "JSON, JSON lines or Parquet: question; optional id, options, ground_truth, image_path, domain",
    )
    .addOption(flag("samples <number>", "N, solutions per question").argParser(positiveInteger).default(8))
    .addOption(flag("image_root <folder>", "folder that image paths count from (default: the file's)"));
  return addPolicyOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vllm serve Qwen/Qwen3-VL-8B-Instruct
  dreamprm sample questions.jsonl --base_url http://localhost:8000/v1 --model Qwen/Qwen3-VL-8B-Instruct \\
      --temperature 1 --samples 8 -o candidates.jsonl
  dreamprm sample questions.jsonl --model o4-mini --reasoning_effort high --max_tokens 16000 \\
      --input_price 1.1 --output_price 4.4 --budget 20 -o candidates.jsonl

The rows are in the evaluation format; with a ground truth they say which answers are right, so that evaluate, label and
build-meta read them. An interrupted command goes on from its cache when it is given again.

The prompt, unless --template names another:

${defaultTemplates.sample.trim().replace(/^/gm, "  ")}`,
    )
    .action(async (file: string, flags: SampleFlags) => {
      const { samples, imageRoot, out } = flags;
      const questions = await loadQuestions(file, imageRoot === undefined ? {} : { imageRoot });
      await runJob("sample", "sample", flags, (tools) => ({
        total: questions.length,
        settings: { questions: file, samples },
        results: sampleSolutions(questions, { ...tools, samples }),
        row: (solved: Solved) => toSolvedRow(solved, { folder: path.dirname(out) }),
      }));
    });
}
