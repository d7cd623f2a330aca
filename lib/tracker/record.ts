import { z } from "zod";
import type { Source } from "../data/types.js";
import { parseOptions } from "../core/check.js";
import type { Environment } from "./environment.js";
import { migrateRun } from "./migrate.js";
import { isObject, type PlainObject } from "./plain.js";
import type { Usage } from "./resources.js";
import type { ProcessIdentity } from "./status.js";

/** Of alpha.json and index.json. */
export const SCHEMA_VERSION = 1;
/** Of run.json, labels.json and events.jsonl; a store refuses newer ones. Older ones are read by `migrateRun`. */
export const RUN_SCHEMA = 2;

/** What a run says of itself while it can. */
export const STORED_STATUS = ["running", "finished", "failed", "interrupted"] as const;
export type StoredStatus = (typeof STORED_STATUS)[number];
/** "crashed": it says "running", but its process is gone. */
export type RunStatus = StoredStatus | "crashed";

export interface RunError {
  readonly message: string;
  readonly stack?: string;
}

/** A file kept with the run, under `artifacts/`. */
export interface Artifact {
  /** path below `artifacts/`, with forward slashes */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** One continuation of a run that had ended. */
export interface Resumption {
  /** ISO 8601, UTC */
  readonly at: string;
  /** of the checkpoint: what was logged after it was removed */
  readonly step: number;
  /** from the end of the run, or its last sign of life, to `at` */
  readonly gapMs: number;
}

/** The content of `run.json`. */
export interface RunData {
  schema: number;
  id: string;
  name: string;
  group?: string;
  tags: readonly string[];
  /** free text, "" when there is none */
  notes: string;
  /** id of the run that this one belongs to */
  parent?: string;
  params: PlainObject;
  seed?: number;
  dataFiles: readonly Source[];
  /** of the process that started it */
  environment: Environment;
  /** its only writer: of a resumed run the one that resumed it last */
  process: ProcessIdentity;
  status: StoredStatus;
  /** ISO 8601, UTC */
  startedAt: string;
  endedAt?: string;
  /** why it was interrupted */
  reason?: string;
  error?: RunError;
  resumed?: readonly Resumption[];
  /** upper updates per weight snapshot; absent: 1 */
  weightsEvery?: number;
  summary: PlainObject;
  artifacts: readonly Artifact[];
  /** events and weight snapshots that could not be written; absent: none */
  dropped?: number;
  /** of the process that ended it */
  usage?: Usage;
}

/** `20261121-093012-V1StGXR8`: UTC start and a random part. */
export const RUN_ID = /^\d{8}-\d{6}-[0-9A-Za-z]{8}$/;

const plainSchema = z.custom<PlainObject>(isObject, "expected an object");

const runSchema = z.object({
  schema: z.number(),
  id: z.string(),
  name: z.string(),
  group: z.exactOptional(z.string()),
  tags: z.array(z.string()),
  notes: z.string(),
  parent: z.exactOptional(z.string()),
  params: plainSchema,
  seed: z.exactOptional(z.number()),
  dataFiles: z.array(z.object({ path: z.string(), sha256: z.string(), rows: z.number() })),
  environment: z.custom<Environment>(isObject, "expected an object"),
  process: z.object({
    pid: z.number(),
    host: z.string(),
    started: z.exactOptional(z.string()),
    boot: z.exactOptional(z.string()),
    space: z.exactOptional(z.string()),
    machine: z.exactOptional(z.string()),
  }),
  status: z.enum(STORED_STATUS),
  startedAt: z.iso.datetime(),
  endedAt: z.exactOptional(z.iso.datetime()),
  reason: z.exactOptional(z.string()),
  error: z.exactOptional(z.object({ message: z.string(), stack: z.exactOptional(z.string()) })),
  resumed: z.exactOptional(z.array(z.object({ at: z.iso.datetime(), step: z.number(), gapMs: z.number() }))),
  weightsEvery: z.exactOptional(z.number()),
  summary: plainSchema,
  artifacts: z.array(z.object({ name: z.string(), sha256: z.string(), bytes: z.number() })),
  dropped: z.exactOptional(z.number()),
  usage: z.exactOptional(z.object({ cpuMs: z.number(), peakRssBytes: z.number() })),
});

/** @throws Error naming `file` and the version, when it is newer; TypeError naming every wrong field */
export function parseRun(value: unknown, file: string, sealed: boolean): RunData {
  checkVersion(value, file, RUN_SCHEMA);
  checkSeal(value, file, sealed);
  return parseOptions<RunData>(runSchema, migrateRun(value), file);
}

export function checkVersion(value: unknown, file: string, newest = SCHEMA_VERSION): void {
  const version = isObject(value) ? value.schema : undefined;
  if (typeof version === "number" && version > newest) {
    throw new Error(
      `${file} has schema version ${version}, this dreamprm-lab reads up to ${newest}: update dreamprm-lab`,
    );
  }
}

/** @throws Error when a file of a schema that has checksums has none */
export function checkSeal(value: unknown, file: string, sealed: boolean): void {
  if (sealed || (isObject(value) && value.schema === 1)) return;
  throw new Error(`${file} is damaged or was edited by hand: its last member, the checksum "crc", is missing`);
}
