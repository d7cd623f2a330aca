import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";

/** One output in several MIME types; the front end shows the richest that it can. */
export type MimeBundle = Readonly<Record<string, string>>;

/** An output in a notebook that can be replaced in place. */
export interface KernelOutput {
  replace(bundle: MimeBundle): void;
}

type WriteDisplayData = (message: object, update: boolean) => void;

/**
 * Shows an output under the notebook's current cell. tslab's own `display` sends one MIME type per
 * output, so this calls the function beneath it, of the kernel's copy of tslab (which need not be the project's).
 *
 * @throws Error outside of a running tslab kernel
 */
export function showOutput(bundle: MimeBundle): KernelOutput {
  const id = randomUUID();
  const send = (data: MimeBundle, update: boolean): void =>
    kernelWriter()({ data, metadata: {}, transient: { display_id: id } }, update);
  send(bundle, false);
  return { replace: (data) => send(data, true) };
}

function kernelWriter(): WriteDisplayData {
  const { cache } = createRequire(join(process.cwd(), "x"));
  const path = Object.keys(cache).find((file) => file.endsWith(join("tslab", "dist", "jupyter.js")));
  const jupyter = path && (cache[path]?.exports as { lastWriteDisplayData: WriteDisplayData | null });
  if (!jupyter || !jupyter.lastWriteDisplayData) {
    throw new Error("Figures and tables are shown in a notebook on the tslab kernel; elsewhere use exportFigure.");
  }
  return jupyter.lastWriteDisplayData;
}
