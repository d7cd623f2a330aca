import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A new folder with spaces and Unicode in its path; gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "läufe 実験 "));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
