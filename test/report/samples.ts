import { join } from "node:path";
import { openStore, type Store } from "../../lib/tracker/store.js";
import { temporaryFolder } from "../tracker/folders.js";

/** What a hostile name or note would try. */
export const HOSTILE = `</script><img src=x onerror="window.hacked=1"><!-- <script>window.hacked=2</script>`;

export const STEPS = 3000;
export const ROWS = 300;

/** A small study: two methods × three seeds, one run that failed and is called {@link HOSTILE}. */
export async function sampleStore(): Promise<Store> {
  const store = await openStore(join(temporaryFolder(), "runs"));
  for (const seed of [1, 2, 3]) {
    for (const weighting of ["uniform", "instance-table"]) {
      const gain = weighting === "uniform" ? 0 : 0.1;
      const run = await store.startRun({
        name: weighting === "uniform" ? "uniform" : "learned",
        group: "study",
        params: { seed, weighting, lower: { learningRate: 0.001 }, hidden: [8, 8] },
        dataFiles: [{ path: "train.jsonl", sha256: "ab".repeat(32), rows: 120 }],
      });
      for (let step = 0; step < STEPS; step++) run.log(step, { loss: 1 / (1 + step / 100) + seed / 100 });
      for (let step = 0; step < STEPS; step += 100) run.log(step, { auc: 0.5 + gain + seed / 100 });
      const names = gain > 0 ? Array.from({ length: ROWS }, (_, k) => `row ${k}`) : ["math", "science"];
      for (const step of [0, 50, 100]) {
        run.logWeights(
          step,
          names,
          names.map((_, k) => 1 + ((step / 100) * (k - 1)) / names.length),
        );
      }
      run.note("a note");
      await run.finish({ auc: 0.6 + gain + seed / 100 });
    }
  }
  const failed = await store.startRun({ name: HOSTILE, group: HOSTILE, params: { seed: 1, weighting: HOSTILE } });
  failed.log(1, { loss: 0.5 });
  failed.log(2, { loss: NaN });
  failed.log(3, { loss: Infinity });
  failed.note(HOSTILE);
  await failed.fail(new Error(`loss is NaN ${HOSTILE}`));
  return store;
}
