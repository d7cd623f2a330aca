import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { random, type Random } from "../../core/random.js";
import { DOMAINS, type DemoDomain } from "./domains.js";
import { renderPng } from "./png.js";
import { drawQuestion } from "./question.js";
import { candidateRows, metaRows, solve, testRows, trainRows, type DemoItem, type Split } from "./rows.js";
import { firstError } from "./solution.js";

/** Raised whenever the same seed gives other files, so that a demo on disk is made again. */
export const DEMO_VERSION = 1;

export const QUESTIONS: Readonly<Record<Split, number>> = { train: 40, meta: 20, test: 20, candidates: 30 };
const SPLITS = Object.keys(QUESTIONS) as Split[];

export const manifestSchema = z.object({
  format: z.literal("dreamprm-lab demo"),
  version: z.int(),
  seed: z.number(),
  files: z.record(z.string(), z.object({ sha256: z.string(), rows: z.int() })),
  images: z.object({ count: z.int(), sha256: z.string() }),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Writes everything of a demo into an empty folder. */
export async function writeDemo(
  work: string,
  seed: number,
  counts: Readonly<Record<Split, number>>,
  onDomain: (done: number, domain: string) => void,
): Promise<Manifest> {
  const rows: Record<Split, unknown[]> = { train: [], meta: [], test: [], candidates: [] };
  const firstErrors: Record<string, number[]> = {};
  const images = createHash("sha256");
  let count = 0;
  for (const [done, domain] of DOMAINS.entries()) {
    const source = random(seed).fork(domain.name);
    const items = drawItems(domain, counts, source);
    await mkdir(path.join(work, "images", domain.name), { recursive: true });
    for (const { split, item } of items) {
      const png = renderPng(item.question.svg);
      images.update(png);
      count++;
      await writeFile(path.join(work, item.image), png);
      rows[split].push(...rowsOf(split, item, source.fork(`labels ${item.id}`)));
      if (split === "meta" || split === "candidates") firstErrors[item.id] = item.solutions.map(firstError);
    }
    onDomain(done + 1, domain.name);
  }
  const truth = {
    seed,
    domains: Object.fromEntries(DOMAINS.map(({ name, quality, flaw }) => [name, { quality, ...flaw }])),
    first_errors: firstErrors,
  };
  const files: Manifest["files"] = {};
  const write = async (file: string, text: string, rows: number) => {
    await writeFile(path.join(work, file), text);
    files[file] = { sha256: createHash("sha256").update(text).digest("hex"), rows };
  };
  for (const split of SPLITS) await write(`${split}.json`, jsonLines(rows[split]), rows[split].length);
  await write("truth.json", `${JSON.stringify(truth)}\n`, Object.keys(firstErrors).length);
  const imageHash = { count, sha256: images.digest("hex") };
  const manifest: Manifest = { format: "dreamprm-lab demo", version: DEMO_VERSION, seed, files, images: imageHash };
  await writeFile(path.join(work, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

function drawItems(domain: DemoDomain, counts: Readonly<Record<Split, number>>, source: Random) {
  const taken = new Set<string>();
  let n = 0;
  return SPLITS.flatMap((split) =>
    Array.from({ length: counts[split] }, (_, i): { split: Split; item: DemoItem } => {
      const draw = source.fork(`${split} ${i}`);
      const question = drawQuestion(domain.family, draw, taken);
      const id = `${domain.name}-${split}-${i + 1}`;
      const image = `images/${domain.name}/${++n}.png`;
      return { split, item: { id, domain, question, image, solutions: solve(question, split, domain, draw) } };
    }),
  );
}

function rowsOf(split: Split, item: DemoItem, labels: Random): object[] {
  switch (split) {
    case "train":
      return trainRows(item, labels);
    case "meta":
      return metaRows(item);
    case "test":
      return testRows(item);
    case "candidates":
      return candidateRows(item);
  }
}

/** A JSON array with one row a line, which diffs and pages well. */
function jsonLines(rows: readonly unknown[]): string {
  return `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`;
}
