import type { z } from "zod";
import { DataError } from "./dataError.js";
import type { FileRecord, RecordFile } from "./files.js";

const REPORTED = 20;

type Place = Pick<FileRecord, "row" | "value">;

/** Collects what is wrong with the rows of a file and says all of it at once, the first 20 in full. */
export interface RowReport {
  add(place: Place, field: string, value: unknown, expected: string): void;
  /** @throws DataError when anything was added */
  throwIfAny(): void;
}

export function rowReport(path: string): RowReport {
  const lines: string[] = [];
  let total = 0;
  return {
    add({ row, value: record }, field, value, expected) {
      total++;
      if (lines.length >= REPORTED) return;
      const id = (record as { id?: unknown } | null)?.id;
      const where = id === undefined ? `row ${row}` : `row ${row} (id ${quote(id)})`;
      lines.push(`  ${where}${field === "" ? "" : `, ${field}`}: ${quote(value)}; expected ${expected}`);
    },
    throwIfAny() {
      if (total === 0) return;
      const more = total > lines.length ? `\n  and ${total - lines.length} more` : "";
      const faults = total === 1 ? "1 fault" : `${total} faults`;
      throw new DataError(`${path}: ${faults} (rows count from 0)\n${lines.join("\n")}${more}`);
    },
  };
}

/** The row as the schema makes it, or undefined after its faults went into the report. */
export function validateRow<T>(place: Place, schema: z.ZodType<T>, report: RowReport): T | undefined {
  const result = schema.safeParse(place.value);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    const value = path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | null)?.[key], place.value);
    report.add(place, path.join("."), value, path.length === 0 ? "a JSON object" : message);
  }
  return undefined;
}

/** @throws DataError naming row, field, value and what is expected, for up to 20 faults at once */
export function validateRows<T>({ path, records }: Pick<RecordFile, "path" | "records">, schema: z.ZodType<T>): T[] {
  const report = rowReport(path);
  const rows = records.flatMap((value, row) => validateRow({ row, value }, schema, report) ?? []);
  report.throwIfAny();
  return rows;
}

function quote(value: unknown): string {
  if (value === undefined) return "missing";
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
