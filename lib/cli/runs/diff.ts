import { Command } from "commander";
import { readFile } from "node:fs/promises";
import { type Change, type Difference, diffRuns, type FileDifference } from "../../tracker/diffRuns.js";
import { DIFF } from "../../tracker/git.js";
import { stringify } from "../../tracker/plain.js";
import type { RunRecord } from "../../tracker/runRecord.js";
import { numberText, textTable } from "../table.js";
import { jsonOption, openReadOnly, storeOption, type ValueFlags } from "./options.js";
import { fitted, lineWidth, print } from "./print.js";

interface DiffFlags extends ValueFlags {
  readonly patch?: boolean;
}

/** `dreamprm runs diff A B` */
export function diffCommand(): Command {
  return new Command("diff")
    .description("what differs between two runs, and what both reached")
    .argument("<a>", "run id or the beginning of it")
    .argument("<b>", "the other one")
    .option("--patch", "also the uncommitted changes that each was started with")
    .addOption(jsonOption())
    .addOption(storeOption())
    .addHelpText("after", "\nExample:\n  dreamprm runs diff 20261121-0930 20261121-1015 --patch")
    .action(async (first: string, second: string, { store: folder, json, patch }: DiffFlags) => {
      const store = await openReadOnly(folder);
      const [a, b] = [await store.read(first), await store.read(second)];
      const difference = diffRuns(a, b);
      const patches = patch ? { patches: { a: await patchOf(a), b: await patchOf(b) } } : undefined;
      if (json) return console.log(stringify({ a: a.id, b: b.id, ...difference, ...patches }, 2));
      const metrics = difference.metrics.map(({ metric, last, best, bestIs }) => [
        `${metric} ${bestIs === "max" ? "↑" : "↓"}`,
        ...changeCells(last),
        ...changeCells(best),
      ]);
      const sections = [
        `a  ${a.id}  ${a.name}\nb  ${b.id}  ${b.name}`,
        section("run", difference.run),
        section("parameters", difference.params),
        section("environment", difference.environment),
        section("data files", difference.dataFiles.map(fileDifference)),
        metrics.length > 0 ? textTable(["metric", "last a", "last b", "b − a", "best a", "best b", "b − a"], metrics) : "", // prettier-ignore
      ].filter((text) => text !== "");
      print(sections.join("\n\n"));
      if (patches) console.log(`\n${patchText(patches.patches, a, b)}`);
    });
}

function section(title: string, differences: readonly Difference[]): string {
  const text = (value: Difference["a"]) =>
    value === undefined ? "–" : typeof value === "number" ? numberText(value) : typeof value === "string" ? value : stringify(value); // prettier-ignore
  if (differences.length === 0) return "";
  const name = Math.max(title.length, ...differences.map(({ path }) => path.length));
  const room = Math.max(12, Math.floor((lineWidth() - name) / 2) - 2); // of a terminal, so that both sides are seen
  const cells = differences.map(({ path, a, b }) => [path, ...[a, b].map((value) => fitted(text(value), room))]);
  return textTable([title, "a", "b"], cells);
}

function fileDifference({ path, a, b }: FileDifference): Difference {
  const text = (file: FileDifference["a"]) => file && `${file.rows} rows, ${file.sha256.slice(0, 12)}…`;
  const [first, second] = [text(a), text(b)];
  return { path, ...(first !== undefined && { a: first }), ...(second !== undefined && { b: second }) };
}

const changeCells = ({ a, b, difference }: Change): string[] =>
  [a, b, difference].map((value) => (value === undefined ? "–" : numberText(value)));

/** undefined: the working tree was clean, or there was none */
async function patchOf(record: RunRecord): Promise<string | undefined> {
  if (!record.artifacts.some(({ name }) => name === DIFF)) return undefined;
  return readFile(await record.artifact(DIFF), "utf8");
}

function patchText(patches: { a?: string | undefined; b?: string | undefined }, a: RunRecord, b: RunRecord): string {
  const text = (id: string, patch: string | undefined) =>
    `uncommitted changes of ${id}${patch === undefined ? ": none" : `\n${patch.trimEnd()}`}`;
  if (patches.a === patches.b && patches.a !== undefined) return `the same ${text("both", patches.a)}`;
  return `${text(a.id, patches.a)}\n\n${text(b.id, patches.b)}`;
}
