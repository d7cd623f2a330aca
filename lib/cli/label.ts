import { Command, Option } from "commander";
import path from "node:path";
import { type LabelledRow, labelSteps } from "../sampling/label.js";
import { loadSolved } from "../sampling/solved.js";
import { stoppingBias } from "../sampling/stopping.js";
import { positive, positiveInteger } from "./arguments.js";
import { addPolicyOptions, flag, type PolicyFlags } from "./policyFlags.js";
import { runJob } from "./policyJob.js";

interface LabelFlags extends PolicyFlags {
  completions: number;
  adaptive?: number;
  domain?: string;
  prefix: "user" | "assistant";
}

/** `dreamprm label` */
export function labelCommand(): Command {
  const command = new Command("label")
    .description("Monte-Carlo labels: from every step prefix K completions, judged, as training rows")
    .argument("<solutions>", "what dreamprm sample has written, with ground truths")
    .addOption(flag("completions <number>", "K, completions per step prefix").argParser(positiveInteger).default(8))
    .addOption(
      flag(
        "adaptive <width>",
        "fewer than K once the 95 % interval reaches at most so far to either side; the bias of that is recorded",
      ).argParser(positive),
    )
    .option("--domain <name>", "of solutions that have none")
    .addOption(
      new Option("--prefix <role>", "who holds the solution so far: the prompt, or the model's own turn (vLLM)")
        .choices(["user", "assistant"])
        .default("user"),
    );
  return addPolicyOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  dreamprm label candidates.jsonl --base_url http://localhost:8000/v1 --model qwen3 --temperature 1 --completions 8 -o train.json
  dreamprm label candidates.jsonl … --completions 32 --adaptive 0.15 -o train.json
  dreamprm label candidates.jsonl … --prefix assistant \\
      --extra_body '{"continue_final_message": true, "add_generation_prompt": false}' -o train.json

Rows are in DreamPRM's training format: accuracy = score / times. A prefix that already gives a final answer has that
answer's outcome, with times 1.`,
    )
    .action(async (file: string, flags: LabelFlags) => {
      const { completions, adaptive, domain, prefix, out } = flags;
      const solutions = (await loadSolved(file)).map((item) => (domain === undefined ? item : { domain, ...item }));
      const stopping = { completions, ...(adaptive !== undefined && { halfWidth: adaptive }) };
      await runJob("label", prefix === "user" ? "label" : "sample", flags, (tools) => ({
        total: solutions.length,
        settings: {
          ...{ solutions: file, prefix, ...stopping },
          ...(adaptive !== undefined && { bias: stoppingBias(stopping) }),
        },
        results: labelSteps(solutions, { ...tools, stopping, prefix, folder: path.dirname(out) }),
        row: (row: LabelledRow) => row,
      }));
    });
}
