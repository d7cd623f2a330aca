import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { errorText } from "../core/errorText.js";
import { DataError } from "./files.js";
import { DOMAINS } from "./synthetic/domains.js";
import type { Split } from "./synthetic/rows.js";
import { DEMO_VERSION, manifestSchema, QUESTIONS, writeDemo, type Manifest } from "./synthetic/write.js";

export interface DemoOptions {
  /** defaults to 1 */
  readonly seed?: number;
  /** defaults to 40 train, 20 meta, 20 test, 30 candidates */
  readonly questionsPerDomain?: Partial<Record<Split, number>>;
  /** called once a domain */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly domain: string }) => void;
}

export interface DemoReport {
  readonly folder: string;
  readonly seed: number;
  readonly version: number;
  /** per file its sha256 and number of rows */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly rows: number }>>;
  /** how many pictures, and the sha256 over all of them in order */
  readonly images: { readonly count: number; readonly sha256: string };
}

const questions = z.int("a number of questions").min(1, "at least 1").optional();

const optionsSchema = z.strictObject({
  seed: z.number().optional(),
  questionsPerDomain: z
    .strictObject({ train: questions, meta: questions, test: questions, candidates: questions })
    .optional(),
  onProgress: z.custom((value) => typeof value === "function", "a function").optional(),
});

const truthSchema = z.object({
  domains: z.record(z.string(), z.object({ quality: z.number().min(0).max(1), kind: z.string() })),
});

/**
 * Writes the demo data: ten domains of visual questions with five-step solutions, step labels and planted quality.
 * The same options give the same bytes. The folder appears complete or not at all; an older demo in it is replaced.
 *
 * @throws DataError when the folder holds anything but a demo, or cannot be written
 * @throws TypeError naming unknown and ill-typed options
 */
export async function makeDemo(folder: string, options: DemoOptions = {}): Promise<DemoReport> {
  parseOptions(optionsSchema, options, "makeDemo");
  const { seed = 1, questionsPerDomain, onProgress } = options;
  await refuseForeign(folder);
  const work = `${path.resolve(folder)}.partial-${process.pid}`;
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    const counts = { ...QUESTIONS, ...questionsPerDomain };
    const manifest = await writeDemo(work, seed, counts, (done, domain) =>
      onProgress?.({ done, total: DOMAINS.length, domain }),
    );
    await replace(folder, work);
    return { folder, ...manifest };
  } catch (error) {
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new DataError(
      `${folder}: the demo data cannot be written (${errorText(error)}); name a folder you may write to`,
    );
  }
}

/** Makes the demo when it is missing or of another version, and says so in one line; else reports what is there. */
export async function ensureDemo(folder: string, options: DemoOptions = {}): Promise<DemoReport> {
  const found = await readManifest(folder);
  const files = found ? Object.keys(found.files) : [];
  const complete =
    files.every((file) => existsSync(path.join(folder, file))) && existsSync(path.join(folder, "images"));
  if (found?.version === DEMO_VERSION && found.seed === (options.seed ?? found.seed) && complete)
    return { folder, ...found };
  const start = performance.now();
  const made = await makeDemo(folder, options);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const rows = Object.entries(made.files).map(([file, { rows }]) => `${rows} in ${file}`);
  console.log(
    `${folder}: made the demo data (seed ${made.seed}) in ${seconds} s: ${rows.join(", ")}, ${made.images.count} images`,
  );
  return made;
}

/**
 * Planted quality per domain, in [0, 1], from a demo's truth.json; for evaluation only.
 *
 * @throws DataError when the file is missing or is no truth.json
 */
export async function loadPlantedQuality(file: string): Promise<Record<string, number>> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new DataError(`${file}: ${errorText(error)}; make the demo first`);
  });
  const parsed = truthSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const [{ path: at, message }] = parsed.error.issues;
    throw new DataError(`${file}: ${at.join(".") || "the file"}: ${message}; expected the truth.json of a demo`);
  }
  return Object.fromEntries(Object.entries(parsed.data.domains).map(([name, { quality }]) => [name, quality]));
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(path.join(folder, "manifest.json"), "utf8").catch(() => undefined);
  const parsed = text === undefined ? undefined : manifestSchema.safeParse(parseJson(text));
  return parsed?.data;
}

/** A folder with anything but a demo in it is not ours to replace. */
async function refuseForeign(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new DataError(`${folder}: ${errorText(error)}; name a folder for the demo data`);
  });
  if (entries.length === 0 || (await readManifest(folder))) return;
  const shown = entries.slice(0, 5).join(", ");
  throw new DataError(`${folder}: holds files that are no demo data (${shown}); name an empty or a new folder`);
}

/** The old demo goes only when the new one stands. */
async function replace(folder: string, work: string): Promise<void> {
  const old = `${path.resolve(folder)}.old-${process.pid}`;
  const exists = existsSync(folder);
  if (exists) await rename(folder, old);
  try {
    await rename(work, folder);
  } catch (error) {
    if (exists) await rename(old, folder);
    throw error;
  }
  if (exists) await rm(old, { recursive: true, force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
