import { Command, Option } from "commander";
import { join } from "node:path";
import type { Derivation } from "../data/attempt.js";
import { type Conversion, convert, type Part } from "../data/convert.js";
import { formatInspection, inspectFile } from "../data/inspect.js";
import { makeDemo } from "../data/synthetic.js";
import { demoFolder } from "./demo.js";
import { integer } from "./arguments.js";

export function dataCommand(): Command {
  return new Command("data")
    .description("look at, convert and make data")
    .addCommand(inspectCommand())
    .addCommand(importCommand())
    .addCommand(makeDemoCommand());
}

function inspectCommand(): Command {
  return new Command("inspect")
    .description("tell a file's format, its domains, labels and steps, and show a row as a reader sees it")
    .argument("<file>", "any format the project reads")
    .option("--json", "print one JSON value")
    .action(async (file: string, { json }: { json?: boolean }) => {
      const inspection = await inspectFile(file);
      console.log(json ? JSON.stringify(inspection) : formatInspection(inspection));
    });
}

interface ImportFlags extends Derivation {
  out: string;
  to?: Part;
  labels?: "outcome" | "steps";
  domain?: string;
  seed: number;
  json?: boolean;
}

const KNOWN =
  "MR-Ben, BIG-Bench-Mistake, ProcessBench, PRMBench, PRM800K, GSM8K example solutions, Math-Shepherd, TRL stepwise, " +
  "VisualPRM400K raw, VisualProcessBench, DreamPRM, DreamPRM-1.5";

function importCommand(): Command {
  const choice = (flag: string, description: string, choices: readonly string[]) =>
    new Option(flag, description).choices(choices);
  return new Command("import")
    .description("turn files of other formats into training, meta and test files, split by question, or into one file")
    .argument("<paths...>", `files or folders, each recognised by its first rows: ${KNOWN}`)
    .requiredOption(
      "-o, --out <path>",
      "folder for train.json, meta.json and test.json; with --to a .json or .jsonl file",
    )
    .addOption(choice("--to <part>", "write all as one file instead of splitting", ["train", "meta", "test", "pool"]))
    .addOption(
      choice(
        "--labels <kind>",
        "training labels: the outcome on every step, or the steps' own (default: the outcome where the file states one)",
        ["outcome", "steps"],
      ),
    )
    .addOption(
      choice("--after-error <kind>", "steps after the first error are", ["wrong", "unlabelled"]).default("wrong"),
    )
    .addOption(
      choice("--neutral <kind>", "steps that are neither right nor wrong are", [
        "unlabelled",
        "right",
        "wrong",
      ]).default("unlabelled"),
    )
    .addOption(
      choice(
        "--outcome <from>",
        "derive the outcome where the file states none: the last step or every step is right, or the answer is the reference (default: refuse)",
        ["last-step", "every-step", "answer"],
      ),
    )
    .option("--domain <name>", "domain of the formats that take the file's name")
    .option("--seed <number>", "of the split (60 % train, 15 % meta, 25 % test of each domain's questions)", integer, 1)
    .option("--json", "print one JSON value")
    .action(async (paths: string[], { json, ...options }: ImportFlags) => {
      const conversion = await convert(paths, { ...options, quiet: json === true });
      if (json) console.log(JSON.stringify(conversion));
      else console.log(formatConversion(conversion));
    });
}

function formatConversion({ written, labels, derivation, recordFile }: Conversion): string {
  const counts = labels && `training labels: ${labels.outcome} solutions by outcome, ${labels.steps} by step; `;
  const { afterError, neutral, outcome } = derivation;
  return [
    ...written.map(({ file, rows }) => `${file}: ${rows} rows`),
    `${counts ?? ""}after the first error: ${afterError}; neutral steps: ${neutral}; outcomes not stated: ${outcome} (${recordFile})`,
  ].join("\n");
}

function makeDemoCommand(): Command {
  return new Command("make-demo")
    .description("make the demo data: ten domains of visual questions with planted quality")
    .argument("[folder]", "where (default: data/demo of the project)")
    .option("--seed <number>", "of everything in it", integer, 1)
    .option("--json", "print one JSON value")
    .action(async (folder: string | undefined, { seed, json }: { seed: number; json?: boolean }) => {
      const report = await makeDemo(folder ?? demoFolder(), { seed });
      if (json) console.log(JSON.stringify(report));
      else {
        for (const [file, { rows }] of Object.entries(report.files))
          console.log(`${join(report.folder, file)}: ${rows} rows`);
        console.log(`${join(report.folder, "images")}: ${report.images.count} images`);
      }
    });
}
