import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Random, random } from "../../lib/core/random.js";
import { openStore, type Store } from "../../lib/tracker/store.js";

const FILES = ["run.json", "labels.json", "events.jsonl", "alpha.json", "alpha.f32", "index.json"];

/** What damage did to a store. */
export interface Damage {
  readonly rounds: number;
  /** the damage was told: refused with a reason, or in the problems */
  readonly told: number;
  /** all was read as it had been */
  readonly harmless: number;
  /** neither: what was read instead, without a word */
  readonly wrong: string[];
}

/** Truncates, flips and mixes the files of a run, one at a time, `rounds` times, and reads the store each time. */
export async function fuzz(folder: string, rounds: number, seed: number): Promise<Damage> {
  const draw = random(seed);
  const store = await openStore(folder);
  const [id, other] = [await writeRun(store, 1), await writeRun(store, 2)];
  await store.reindex();
  const pathOf = (run: string, file: string) => (file === "index.json" ? join(folder, file) : join(folder, run, file));
  const sound = new Map(FILES.map((file) => [file, readFileSync(pathOf(id, file))]));
  const foreign = new Map(FILES.map((file) => [file, readFileSync(pathOf(other, file))]));
  const expected = await content(await openStore(folder, { readOnly: true }), id);
  if (expected.problems.length > 0) throw new Error(`before any damage: ${expected.problems.join("; ")}`);
  const result = { rounds, told: 0, harmless: 0, wrong: [] as string[] };
  for (let round = 0; round < rounds; round++) {
    const file = draw.pick(FILES);
    const bytes = sound.get(file) ?? Buffer.alloc(0);
    const [how, damaged] = damage(draw, bytes, foreign.get(file) ?? bytes);
    writeFileSync(pathOf(id, file), damaged);
    const what = `round ${round}: ${how} of ${file}`;
    try {
      const found = await content(await openStore(folder, { readOnly: true }), id);
      if (isDeepStrictEqual(found.data, expected.data)) result.harmless++;
      else if (found.problems.length > 0 && isPartOf(found.data, expected.data)) result.told++;
      else result.wrong.push(`${what}: ${found.problems.join("; ") || "nothing was said"}`);
    } catch (error) {
      const { message } = error as Error;
      if (message.includes(folder)) result.told++;
      else result.wrong.push(`${what}: ${message}`);
    }
    writeFileSync(pathOf(id, file), bytes);
  }
  return result;
}

async function writeRun(store: Store, seed: number): Promise<string> {
  const run = await store.startRun({
    name: `run ${seed}`,
    tags: ["t"],
    params: { seed, lower: { learningRate: 0.01 } },
  });
  const draw = random(seed);
  for (let step = 1; step <= 20; step++) {
    run.log(step, { loss: draw.next(), ...(step % 5 === 0 && { auc: NaN }) });
    if (step % 5 === 0) run.logWeights(step, ["chart", "geometry", "table"], [draw.next(), draw.next(), draw.next()]);
  }
  run.note("a note");
  await run.finish({ auc: draw.next() });
  await store.update(run.id, { notes: "by hand", group: "g" });
  return run.id;
}

type Content = Awaited<ReturnType<typeof content>>;

async function content(store: Store, id: string) {
  const listed = (await store.list()).find((run) => run.id === id);
  const record = await store.read(id);
  const { names, steps, values } = await record.weights();
  const problems = await record.problems();
  const { name, group, notes, tags, status, params, summary, digests, environment } = record;
  const own = { name, group, notes, tags, status, params, summary, environment };
  return {
    problems,
    data: {
      own,
      digests: [digests, listed?.digests],
      events: await record.events(),
      names,
      steps,
      values: [...values],
    },
  };
}

/** Labels may be those of the start; events and snapshots some of the true ones, in their order. */
function isPartOf(found: Content["data"], expected: Content["data"]): boolean {
  const unlabelled = { ...expected.own, notes: "", group: undefined };
  if (!isDeepStrictEqual(found.own, expected.own) && !isDeepStrictEqual(found.own, unlabelled)) return false;
  let at = 0;
  for (const event of found.events) {
    at = expected.events.findIndex((e, i) => i >= at && isDeepStrictEqual(e, event)) + 1;
    if (at === 0) return false;
  }
  const width = expected.names.length;
  return found.steps.every((step, t) => {
    const row = expected.steps.indexOf(step) * width;
    return found.names.every((name, k) => {
      const value = found.values[t * width + k];
      return name === expected.names[k] && (value === expected.values[row + k] || Number.isNaN(value));
    });
  });
}

function damage(draw: Random, bytes: Buffer, foreign: Buffer): [how: string, damaged: Buffer] {
  const at = draw.integer(bytes.length);
  const length = 1 + draw.integer(draw.next() < 0.5 ? 4 : bytes.length);
  const piece = bytes.subarray(at, at + length);
  const into = draw.integer(bytes.length + 1);
  switch (draw.integer(6)) {
    case 0:
      return ["truncation", bytes.subarray(0, at)];
    case 1: {
      const flipped = Buffer.from(bytes);
      for (let i = 0; i <= draw.integer(4); i++) flipped[draw.integer(bytes.length)] ^= 1 << draw.integer(8);
      return ["flip", flipped];
    }
    case 2:
      return ["repetition", Buffer.concat([bytes.subarray(0, into), piece, bytes.subarray(into)])];
    case 3:
      return ["loss", Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])];
    case 4:
      return ["overwriting", Buffer.concat([bytes.subarray(0, at), foreign.subarray(at, at + length), bytes.subarray(at + length)])]; // prettier-ignore
    default:
      return ["mixing", mixed(draw, bytes, foreign)];
  }
}

/** Two files as two writers with buffers would mix them: pieces of both, each in order. */
function mixed(draw: Random, a: Buffer, b: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let [i, j] = [0, 0]; i < a.length || j < b.length;) {
    const length = 1 + draw.integer(a.length);
    if (draw.next() < 0.5) pieces.push(a.subarray(i, (i += length)));
    else pieces.push(b.subarray(j, (j += length)));
  }
  return Buffer.concat(pieces);
}
