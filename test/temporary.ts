import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whatever tests leave in the system's temporary folder, also when they are killed, lies in one that goes with the run. */
export default function temporary(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "dreamprm-tests-"));
  process.env["TMPDIR"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
