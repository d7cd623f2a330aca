import { isObject, type PlainObject } from "./plain.js";

/** What makes a run of the schema version at its index plus one one of the next version. */
const steps: readonly ((run: PlainObject) => PlainObject)[] = [
  // 1 → 2: notes, GPUs; checksums in run.json and events.jsonl, which come with the next writing
  (run) => ({
    ...run,
    notes: "",
    environment: isObject(run.environment) ? { ...run.environment, gpus: [] } : run.environment,
  }),
];

/**
 * The content of a run.json as the newest schema has it. `schema` stays that of the file: what is on the disk beside
 * it is of that version, until the run is written again.
 */
export function migrateRun(value: unknown): unknown {
  if (!isObject(value) || typeof value.schema !== "number") return value;
  return steps.slice(value.schema - 1).reduce((run, step) => step(run), value);
}
