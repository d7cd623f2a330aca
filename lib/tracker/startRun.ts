import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { customAlphabet } from "nanoid";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import type { Source } from "../data/types.js";
import { AtomicJson, unwritable, WriteError } from "./adapter.js";
import { keepArtifact } from "./artifacts.js";
import { captureEnvironment } from "./environment.js";
import { EventLog } from "./events.js";
import { DIFF } from "./git.js";
import { plain, plainObject } from "./plain.js";
import { parseRun, RUN_SCHEMA, type RunData } from "./record.js";
import { Run } from "./run.js";
import { type RunOptions, runOptions } from "./runOptions.js";
import type { ProcessIdentity } from "./status.js";

export interface StartRun extends RunOptions {
  readonly name: string;
  /** runs of one study, for example all seeds and variants behind one table */
  readonly group?: string;
  readonly tags?: readonly string[];
  /** free text; `store.update` changes it */
  readonly notes?: string;
  /** id of the run that this one belongs to, for example a sweep */
  readonly parent?: string;
  /** the whole resolved configuration, as plain data */
  readonly params: object;
  /** where the data came from: `source` of a loaded set */
  readonly dataFiles?: readonly Source[];
  /** defaults to `params.seed` when that is a number */
  readonly seed?: number;
  /** what computes, for example the report of `useBackend()` */
  readonly backend?: string | object;
  /** upper updates per weight snapshot of `run.log(iteration)`; defaults to 1 */
  readonly weightsEvery?: number;
}

/** @param parent  the whole id of `options.parent` */
export async function startRun(store: string, options: StartRun, here: ProcessIdentity, parent?: string): Promise<Run> {
  const { name, group, tags = [], notes = "", dataFiles = [], backend, weightsEvery } = checkStart(options);
  const params = plainObject(options.params, "params");
  const seed = options.seed ?? (typeof params.seed === "number" ? params.seed : undefined);
  const computedBy = backend === undefined ? undefined : plain(backend, "backend");
  const { environment, diff } = await captureEnvironment(store, computedBy);
  const now = new Date();
  const data: RunData = {
    schema: RUN_SCHEMA,
    id: newId(now),
    name,
    ...(group !== undefined && { group }),
    tags,
    notes,
    ...(parent !== undefined && { parent }),
    params,
    ...(seed !== undefined && { seed }),
    dataFiles,
    environment,
    process: here,
    status: "running",
    startedAt: now.toISOString(),
    ...(weightsEvery !== undefined && { weightsEvery }),
    summary: {},
    artifacts: [],
  };
  return createRun(store, data, diff, options);
}

/** The folder gets its name once run.json is in it: no reader meets half a run. */
async function createRun(store: string, data: RunData, diff: string | undefined, options: RunOptions): Promise<Run> {
  const [starting, folder] = [join(store, `.${data.id}`), join(store, data.id)];
  try {
    await mkdir(starting);
    if (diff !== undefined) data.artifacts = [await keepArtifact(starting, Buffer.from(diff), DIFF)];
    new AtomicJson(join(starting, "run.json"), parseRun).write(data);
    await rename(starting, folder);
    return new Run(folder, data, new EventLog(join(folder, "events.jsonl"), data.id, options), options);
  } catch (error) {
    for (const half of [starting, folder]) await rm(half, { recursive: true, force: true }).catch(() => undefined);
    throw unwritable(folder, error instanceof WriteError ? error.cause : error);
  }
}

const randomPart = customAlphabet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 8);

/** `20261121-093012-V1StGXR8` */
export function newId(now: Date): string {
  const [day, time] = now.toISOString().slice(0, 19).replace(/[-:]/g, "").split("T");
  return `${day}-${time}-${randomPart()}`;
}

const startSchema = z.strictObject({
  ...runOptions,
  name: z.string().min(1),
  group: z.string().optional(),
  tags: z.array(z.string()).optional(),
  notes: z.string().optional(),
  parent: z.string().optional(),
  params: z.record(z.string(), z.unknown()),
  dataFiles: z.array(z.object({ path: z.string(), sha256: z.string(), rows: z.number() })).optional(),
  seed: z.number().optional(),
  backend: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  weightsEvery: z.number().int().min(1).optional(),
});

const checkStart = (options: StartRun) => parseOptions(startSchema, options, "startRun");
