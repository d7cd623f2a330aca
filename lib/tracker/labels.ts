import { basename, join } from "node:path";
import { z } from "zod";
import { parseOptions } from "../core/check.js";
import { AtomicJson } from "./adapter.js";
import { claim } from "./claim.js";
import { checkSeal, checkVersion, RUN_SCHEMA } from "./record.js";
import type { ProcessIdentity } from "./status.js";

/**
 * The content of `labels.json`: what a user changed about a run after its start. A file of its own, because run.json
 * belongs to the run's process: a run can be renamed while it is being written.
 */
export interface Labels {
  readonly schema: number;
  /** of the run */
  readonly id: string;
  readonly name?: string;
  /** null: it was taken out of its group */
  readonly group?: string | null;
  readonly tags?: readonly string[];
  readonly notes?: string;
  readonly archived?: boolean;
  /** when it was put into the trash; ISO 8601, UTC */
  readonly removedAt?: string;
}

/** Changes to a run's labels; what is left out stays. */
export type LabelChanges = Omit<Labels, "schema" | "id" | "removedAt">;

export const LABELS = "labels.json";

/** @throws Error when the file is damaged; without a file there are none */
export function readLabels(folder: string): Labels {
  return labelFile(folder).read() ?? { schema: RUN_SCHEMA, id: basename(folder) };
}

/** Merges `changes` into the labels of a run, one process at a time; undefined takes a label away. */
export async function changeLabels(
  folder: string,
  changes: { readonly [K in keyof Labels]?: Labels[K] | undefined },
  here: ProcessIdentity,
): Promise<void> {
  const release = await claim(folder, here, "labelling");
  try {
    const merged = Object.entries({ ...readLabels(folder), ...changes, schema: RUN_SCHEMA });
    const defined = Object.fromEntries(merged.filter(([, value]) => value !== undefined));
    labelFile(folder).write(labelSchema.parse(defined));
  } finally {
    release();
  }
}

interface Labelled {
  readonly name: string;
  readonly group?: string;
  readonly tags: readonly string[];
  readonly notes: string;
}

/** A run's record with its labels in place of what it was started with. */
export function labelled<T extends Labelled>(
  { group: first, ...run }: T,
  { name = run.name, group = first, tags = run.tags, notes = run.notes, archived }: Labels,
): Omit<T, "group"> & { group?: string; archived?: boolean } {
  return {
    ...run,
    ...{ name, tags, notes },
    ...(typeof group === "string" && { group }),
    ...(archived !== undefined && { archived }),
  };
}

const changeSchema = z.strictObject({
  name: z.exactOptional(z.string().min(1)),
  group: z.exactOptional(z.string().min(1).nullable()),
  tags: z.exactOptional(z.array(z.string())),
  notes: z.exactOptional(z.string()),
  archived: z.exactOptional(z.boolean()),
});

/** @throws TypeError naming every wrong one */
export const checkChanges = (changes: LabelChanges): LabelChanges => parseOptions(changeSchema, changes, "update");

const labelSchema = z.object({
  ...changeSchema.shape,
  schema: z.number(),
  id: z.string(),
  removedAt: z.exactOptional(z.iso.datetime()),
});

const labelFile = (folder: string) =>
  new AtomicJson<Labels>(join(folder, LABELS), (value, file, sealed) => {
    checkVersion(value, file, RUN_SCHEMA);
    checkSeal(value, file, sealed);
    const labels = parseOptions(labelSchema, value, file);
    if (labels.id === basename(folder)) return labels;
    throw new Error(`${file} is damaged: it is that of run ${labels.id}`);
  });
