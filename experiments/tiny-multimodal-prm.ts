/**
 * A tiny vision-language PRM, trained here from nothing, against its text-only self: do images matter?
 *
 *     tsx experiments/tiny-multimodal-prm.ts [--seeds 1,2,3] [--quick] [--store FOLDER] [--json]
 *
 * Both versions have the same architecture, start and budget; the text-only one sees one blank picture in the place of
 * all others. Warm starts, in the place of pretraining, teach the tower numbers and the model to read steps aloud and to
 * judge them; then the PRM is trained with learned domain weights on steps with partly wrong labels. All questions are
 * drawn in memory, those of the test from a stream of their own: a right and a misread step about every picture.
 *
 * Measured on the native backend with one thread of a busy machine: 540,608 parameters; warm starts of about 10 minutes a
 * version and 1 to 2 minutes for a run of the bilevel stage. ROC-AUC of misread steps, mean and deviation over three seeds:
 * .845 ± .011 with images, .503 ± .001 without; the right one of two steps about a picture scores higher in 85.3 % against
 * 50.5 % of 200 pictures, a difference of .348 [.270, .420]. The skill is there when the bilevel stage begins (.855); that
 * stage adds nothing to it. How far the warm start gets depends on its start: others reached .79 in 900 and .97 in 900
 * iterations of judging.
 */
import { Command } from "commander";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useBackend } from "../lib/core/backend.js";
import type { Params } from "../lib/core/tree.js";
import { parameterCount } from "../lib/model/transformer/parameters.js";
import { defaultStore, openStore } from "../lib/tracker/store.js";
import { writeTinyQwen2Vl } from "../lib/vlm/tiny.js";
import { loadWeights, openVisionModel } from "../lib/vlm/visionModel.js";
import { difference, gainText, resultTable, versionResults } from "./tinyMultimodal/compare.js";
import { blankPicture, drawQuestions, PICTURED } from "./tinyMultimodal/questions.js";
import { evidencePairs, evidenceTrainSet, readingTexts } from "./tinyMultimodal/steps.js";
import { trained } from "./tinyMultimodal/supervised.js";
import { trainPrm } from "./tinyMultimodal/trainPrm.js";
import { readingWarmStart, towerWarmStart, type WarmStartOptions } from "./tinyMultimodal/warmStarts.js";

const VERSIONS = ["images", "text only"] as const;

/** A stage starts where the one before ended, with a learning rate that rises and falls anew. */
const STAGES = [
  { name: "reads", iterations: 700, learningRate: 2.5e-3, misread: 0.4, labelWeight: 1 },
  { name: "judges", iterations: 1500, learningRate: 2.2e-3, misread: 0.6, labelWeight: 8 },
] as const;

const FULL = { share: 1, tower: 600, iterations: 300, questions: 800, testQuestions: 200 };
const QUICK = { share: 0.01, tower: 10, iterations: 10, questions: 32, testQuestions: 20 };

interface Options {
  seeds: number[];
  quick?: boolean;
  json?: boolean;
  store?: string;
}

async function main(): Promise<void> {
  const numbers = (text: string) => text.split(",").map(Number);
  const options = new Command("tiny-multimodal-prm")
    .description("a tiny vision-language PRM trained from scratch, against its text-only self")
    .option("--seeds <list>", "seeds of the bilevel stage", numbers, [1, 2, 3])
    .option("--quick", "a few iterations: whether it runs, not what comes out")
    .option("--store <folder>", "folder of runs")
    .option("--json", "print one JSON value")
    .parse()
    .opts<Options>();
  const quiet = options.json === true;
  const group = `tiny-multimodal-prm${options.quick ? "/quick" : ""}`;
  const size = options.quick ? QUICK : FULL;
  const backend = await useBackend();
  const store = await openStore(options.store ?? defaultStore());
  const questions = drawQuestions("train", size.questions);
  const pictured = drawQuestions("tower", size.questions, PICTURED);
  const train = evidenceTrainSet(questions);
  const meta = evidencePairs(drawQuestions("meta", size.testQuestions / 2));
  const test = evidencePairs(drawQuestions("test", size.testQuestions));
  const folder = mkdtempSync(join(tmpdir(), "tiny-prm-"));
  process.once("SIGINT", () => process.exit(130)); // so that "exit" comes
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const texts = readingTexts(questions.slice(0, 100));
  const vision = await openVisionModel(await writeTinyQwen2Vl(folder, { texts }));
  const random = await loadWeights(vision);
  if (!quiet) {
    console.log(`${parameterCount(vision.model.shapes)} parameters, ${vision.tokenizer.size} tokens, ${backend.name}`);
  }
  const tower = await trained(await towerWarmStart({ vision, phi: random, questions: pictured, batchSize: 8 }), {
    ...{ label: "tower", iterations: size.tower, learningRate: 3e-3, quiet },
  });
  const seeing = Object.fromEntries(Object.keys(random).map((name) => [name, tower[name] ?? random[name]]));
  const shared = {
    vision,
    iterations: size.iterations,
    params: { ...size, stages: STAGES },
    group,
    store,
    backend,
    quiet,
  };
  const ids: string[] = [];
  for (const version of VERSIONS) {
    const blank = version === "images" ? {} : { blank: blankPicture() };
    const start = { vision, phi: seeing, questions, batchSize: 16, ...blank };
    const phi = await readingAndJudging(start, { version, share: size.share, quiet });
    const seen = <Row extends { readonly image?: string }>(rows: readonly Row[]) =>
      rows.map((row) => ({ ...row, image: blank.blank ?? row.image }));
    const data = { train: { ...train, samples: seen(train.samples) }, meta: seen(meta), test: seen(test) };
    for (const seed of options.seeds) ids.push(await trainPrm({ ...shared, phi, ...data, version, seed }));
  }
  const results = await versionResults(store, ids);
  const gain = difference(results[0], results[1]);
  if (quiet) console.log(JSON.stringify({ results, gain }));
  else console.log(`${resultTable(results)}\n\n${gainText(gain)}`);
}

/** φ after all stages. */
async function readingAndJudging(
  { phi: start, ...warm }: WarmStartOptions & { readonly blank?: string },
  { version, share, quiet }: { readonly version: string; readonly share: number; readonly quiet: boolean },
): Promise<Params> {
  let phi = start;
  for (const [seed, { name, iterations, learningRate, ...weights }] of STAGES.entries()) {
    const options = { label: `${version}: ${name}`, iterations: Math.round(share * iterations), learningRate, quiet };
    phi = await trained(await readingWarmStart({ ...warm, ...weights, phi, seed }), options);
  }
  return phi;
}

void main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
