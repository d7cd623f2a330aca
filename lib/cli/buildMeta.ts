import { Command } from "commander";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { loadTrainSet } from "../data/dreamprm.js";
import { toEvaluationRows, toMetaRows } from "../data/rows.js";
import { loadMetaSet } from "../data/solutions.js";
import { writeRows } from "../data/write.js";
import { answerMatches } from "../sampling/answerMatch.js";
import { buildMeta, type BuiltMeta } from "../sampling/buildMeta.js";
import { toConversationRows } from "../sampling/conversationRow.js";
import { matchJudge } from "../sampling/judge.js";
import { loadSolved } from "../sampling/solved.js";
import { integer, notNegative, share } from "./arguments.js";
import { flag } from "./policyFlags.js";
import { textTable } from "./table.js";

interface BuildFlags {
  out: string;
  match?: (typeof answerMatches)[number];
  tolerance?: number;
  validation?: number;
  test?: number;
  balance: boolean;
  excludeTrain?: string;
  excludeTest?: string;
  seed: number;
  json?: boolean;
}

/** `dreamprm build-meta` */
export function buildMetaCommand(): Command {
  return new Command("build-meta")
    .description("sampled solutions and their ground truth → a meta set in DreamPRM's and DreamPRM-1.5's formats")
    .argument("<files...>", "what dreamprm sample has written")
    .requiredOption("-o, --out <folder>", "for meta.json, meta-conversations.json and the parts that are split off")
    .addOption(
      flag("match <kind>", "compare answers with the ground truth anew (default: as sampled)").choices(answerMatches),
    )
    .addOption(flag("tolerance <share>", "of --match numeric, relative (default: 0.001)").argParser(notNegative))
    .option("--validation <share>", "of the questions for validation.json", share)
    .option("--test <share>", "of the questions for test.json", share)
    .option("--no-balance", "keep the natural shares of right and wrong solutions")
    .addOption(flag("exclude_train <file>", "training rows whose questions must not be among these"))
    .addOption(flag("exclude_test <file>", "solutions whose questions must not be among these"))
    .option("--seed <number>", "of the split and of the choice among those that are more", integer, 1)
    .option("--json", "print one JSON value")
    .addHelpText(
      "after",
      `
Example:
  dreamprm build-meta candidates.jsonl --validation 0.2 --exclude_train train.json -o meta`,
    )
    .action(async (files: string[], flags: BuildFlags) => {
      const report = await build(files, flags);
      console.log(flags.json ? JSON.stringify(report) : reportText(report));
    });
}

async function build(files: readonly string[], flags: BuildFlags) {
  const { out, match, tolerance, validation = 0, test = 0, balance, seed, excludeTrain, excludeTest } = flags;
  if (tolerance !== undefined && match !== "numeric")
    throw new Error("--tolerance has no effect without --match numeric");
  if (validation + test >= 1) throw new Error("--validation and --test leave no question for the meta set");
  const solved = (await Promise.all(files.map((file) => loadSolved(file)))).flat();
  const quiet = { quiet: true };
  const built = await buildMeta(solved, {
    ...(match && { judge: matchJudge(match, tolerance) }),
    fractions: { meta: 1 - validation - test, validation, test },
    seed,
    balance,
    exclude: {
      ...(excludeTrain !== undefined && { train: (await loadTrainSet(excludeTrain, quiet)).samples }),
      ...(excludeTest !== undefined && { test: (await loadMetaSet(excludeTest, quiet)).solutions }),
    },
  });
  const written = await writeParts(out, built);
  const { domains, unfinished } = built;
  const report = { files, written, domains, unfinished, balance, seed, match: match ?? "as sampled", validation, test };
  await writeFileAtomic(path.join(out, "build-meta.json"), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

async function writeParts(folder: string, { meta, validation, test }: BuiltMeta) {
  const written: { file: string; rows: number }[] = [];
  const write = async (name: string, rows: readonly object[]) => {
    const file = path.join(folder, name);
    if (rows.length > 0) written.push({ file, rows: await writeRows(file, rows) });
  };
  await write("meta.json", toMetaRows(meta, { folder }));
  await write("meta-conversations.json", toConversationRows(meta, { folder }));
  await write("validation.json", toEvaluationRows(validation, { folder }));
  await write("test.json", toEvaluationRows(test, { folder }));
  return written;
}

function reportText({ written, domains, unfinished }: Awaited<ReturnType<typeof build>>): string {
  const rows = domains.map(({ domain, right, wrong, ...rest }) => {
    const kept = "kept" in rest ? `2 × ${rest.kept}` : "all";
    return [domain || "(none)", String(right), String(wrong), kept];
  });
  return [
    ...written.map(({ file, rows }) => `${file}: ${rows} rows`),
    ...(unfinished > 0 ? [`${unfinished} unfinished solutions were left out`] : []),
    textTable(["domain", "right", "wrong", "kept"], rows),
  ].join("\n");
}
