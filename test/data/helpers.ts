import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";

/** A folder for the tests of one file, gone after them; `write` puts JSON into it, lines for .jsonl. */
export function scratch() {
  const folder = mkdtempSync(path.join(tmpdir(), "data-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  return {
    folder,
    write: (name: string, content: unknown): string => {
      const file = path.join(folder, name);
      const lines = name.endsWith(".jsonl") && Array.isArray(content);
      const text = lines ? content.map((row) => JSON.stringify(row)).join("\n") : JSON.stringify(content);
      writeFileSync(file, typeof content === "string" ? content : text);
      return file;
    },
  };
}

/** The message of the error that a promise is rejected with. */
export async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("expected an error");
}
