/** How well scores tell misread steps from right ones, and by how much one version does better than the other. */
import { readFile } from "node:fs/promises";
import { textTable } from "../../lib/cli/table.js";
import { mean, std } from "../../lib/core/statistics.js";
import type { Solution } from "../../lib/data/types.js";
import { pairedDifference, type PairedDifference } from "../../lib/select/paired.js";
import { rocAuc } from "../../lib/select/rocAuc.js";
import type { Store } from "../../lib/tracker/store.js";

/** ROC-AUC of steps, right against misread. */
export function testAuc(test: readonly Solution[], scores: readonly number[]): number {
  return rocAuc(scores, test.map(({ correct }) => Number(correct) as 0 | 1)) ?? NaN; // prettier-ignore
}

/** Of pairs of a right step and a misread one: 1 where the right one scores higher, ½ where both score alike, 0 else. */
export function wins(scores: readonly number[]): number[] {
  return Array.from({ length: scores.length / 2 }, (_, q) => (Math.sign(scores[2 * q] - scores[2 * q + 1]) + 1) / 2);
}

export interface VersionResult {
  readonly version: string;
  readonly seeds: readonly number[];
  /** by seed */
  readonly auc: readonly number[];
  readonly startAuc: readonly number[];
  /** by question: how often, over the seeds, its right step scores above its misread one */
  readonly wins: readonly number[];
}

/** From finished runs of `trainPrm`. */
export async function versionResults(store: Store, ids: readonly string[]): Promise<VersionResult[]> {
  const runs = await Promise.all(
    ids.map(async (id) => {
      const run = await store.read(id);
      const scores = JSON.parse(await readFile(await run.artifact("scores.json"), "utf8")) as number[];
      return { run, wins: wins(scores) };
    }),
  );
  const versions = [...new Set(runs.map(({ run }) => run.params.version as string))];
  return versions.map((version) => {
    const own = runs.filter(({ run }) => run.params.version === version);
    const of = (key: string) => own.map(({ run }) => Number(run.summary[key]));
    return {
      version,
      seeds: own.map(({ run }) => Number(run.params.seed)),
      auc: of("auc"),
      startAuc: of("startAuc"),
      wins: own[0].wins.map((_, q) => mean(own.map(({ wins }) => wins[q]))),
    };
  });
}

/** Question by question, with a 95 % bootstrap interval over questions. */
export function difference(a: VersionResult, b: VersionResult): PairedDifference {
  return pairedDifference(a.wins, b.wins, { seed: 1 });
}

export function resultTable(results: readonly VersionResult[]): string {
  const spread = (values: readonly number[]) => `${mean(values).toFixed(3)} ± ${(std(values) ?? 0).toFixed(3)}`;
  return textTable(
    ["version", "AUC, misread steps", "before the bilevel stage", "right above misread", "seeds"],
    results.map(({ version, auc, startAuc, wins, seeds }) => [
      version,
      spread(auc),
      mean(startAuc).toFixed(3),
      mean(wins).toFixed(3),
      String(seeds.length),
    ]),
  );
}

export function gainText({ mean, bootstrap, differences }: PairedDifference): string {
  const [low, high] = bootstrap.map((bound) => bound.toFixed(3));
  return `right above misread, images − text only: ${mean.toFixed(3)}, 95 % [${low}, ${high}] over ${differences.length} questions`;
}
