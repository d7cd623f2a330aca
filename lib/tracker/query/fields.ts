import { STORED_STATUS } from "../record.js";
import type { RunSummary } from "../runRecord.js";
import type { Kind, Value } from "./values.js";

export interface Field {
  readonly kind: Kind;
  readonly of: (run: RunSummary) => Value;
  /** all that it can be */
  readonly values?: readonly string[];
}

const time = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));
const startedAt: Field = { kind: "time", of: (run) => time(run.startedAt) };

/** What a query can name besides `params.…`, `metrics.…`, `summary.…` and `now`. */
export const FIELDS: Readonly<Record<string, Field>> = {
  id: { kind: "text", of: (run) => run.id },
  name: { kind: "text", of: (run) => run.name },
  group: { kind: "text", of: (run) => run.group },
  tags: { kind: "list", of: (run) => run.tags },
  notes: { kind: "text", of: (run) => run.notes },
  parent: { kind: "text", of: (run) => run.parent },
  archived: { kind: "truth", of: (run) => run.archived ?? false },
  status: { kind: "text", of: (run) => run.status, values: [...STORED_STATUS, "crashed"] },
  reason: { kind: "text", of: (run) => run.reason },
  seed: { kind: "number", of: (run) => run.seed },
  startedAt,
  createdAt: startedAt,
  endedAt: { kind: "time", of: (run) => time(run.endedAt) },
  wallMs: { kind: "number", of: (run) => run.wallMs },
};
