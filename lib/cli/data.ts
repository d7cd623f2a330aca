import { Command, Option } from "commander";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { importSource } from "../data/import.js";
import { formatInspection, inspectFile } from "../data/inspect.js";
import { toEvaluationRows, toMetaRows, toTrainRows } from "../data/rows.js";
import { splitByQuestion } from "../data/split.js";
import { makeDemo } from "../data/synthetic.js";
import type { Solution } from "../data/types.js";
import { demoFolder } from "./demo.js";
import { integer } from "./trainOptions.js";

type Labels = "outcome" | "steps";
type Part = "train" | "meta" | "test";

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

interface ImportFlags {
  out: string;
  to?: Part;
  labels: Labels;
  afterError: "wrong" | "unlabelled";
  seed: number;
  json?: boolean;
}

function importCommand(): Command {
  return new Command("import")
    .description("turn files of other formats into training, meta and test files, split by question")
    .argument("<paths...>", "files or folders: MR-Ben, BIG-Bench-Mistake, ProcessBench, DreamPRM, DreamPRM-1.5")
    .requiredOption("-o, --out <path>", "folder for train.json, meta.json and test.json; with --to a file")
    .addOption(
      new Option("--to <part>", "write all as one file instead of splitting").choices(["train", "meta", "test"]),
    )
    .addOption(
      new Option("--labels <kind>", "training labels: the outcome on every step, or the steps' own")
        .choices(["outcome", "steps"])
        .default("outcome"),
    )
    .addOption(
      new Option("--after-error <kind>", "steps after the first error are")
        .choices(["wrong", "unlabelled"])
        .default("wrong"),
    )
    .option("--seed <number>", "of the split (60 % train, 15 % meta, 25 % test of each domain's questions)", integer, 1)
    .option("--json", "print one JSON value")
    .action(async (paths: string[], { out, to, labels, afterError, seed, json }: ImportFlags) => {
      const { solutions, notes } = await importSource(paths, { afterError, quiet: json === true });
      const parts: Partial<Record<Part, Solution[]>> = to
        ? { [to]: [...solutions] }
        : splitByQuestion(solutions, { seed });
      const written: { file: string; rows: number }[] = [];
      for (const [part, items] of Object.entries(parts) as [Part, Solution[]][]) {
        const file = to ? out : join(out, `${part}.json`);
        const rows = rowsOf(part, items, labels, dirname(file));
        await mkdir(dirname(resolve(file)), { recursive: true });
        await writeFileAtomic(file, `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`);
        written.push({ file, rows: rows.length });
      }
      if (json) console.log(JSON.stringify({ written, notes }));
      else for (const { file, rows } of written) console.log(`${file}: ${rows} rows`);
    });
}

function rowsOf(part: Part, solutions: readonly Solution[], labels: Labels, folder: string): readonly object[] {
  switch (part) {
    case "train":
      return toTrainRows(solutions, { labels, folder });
    case "meta":
      return toMetaRows(solutions, { folder });
    case "test":
      return toEvaluationRows(solutions, { folder });
  }
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
