import type { Cell, MimeBundle, Output } from "./document.js";
import type { KernelOutput } from "./kernel.js";

/**
 * Applies the kernel's messages to the cells' outputs as JupyterLab does: neighbouring texts of one stream are joined,
 * a display that is updated changes wherever it is shown, `clear_output` with `wait` acts at the next output.
 */
export class OutputRecorder {
  /** every output of the notebook that shows a display, by display id; ids are not saved, they differ in every run */
  readonly #displays = new Map<string, Extract<Output, { data: MimeBundle }>[]>();
  readonly #clearOnNext = new Set<Cell>();

  record(cell: Cell, { type, content }: KernelOutput): void {
    const outputs = (cell.outputs ??= []);
    if (type === "update_display_data") {
      for (const shown of this.#displays.get(displayId(content) ?? "") ?? [])
        Object.assign(shown, { data: content["data"], metadata: content["metadata"] ?? {} });
      return;
    }
    if (type === "clear_output") {
      if (content["wait"] === true) this.#clearOnNext.add(cell);
      else outputs.length = 0;
      return;
    }
    const output = toOutput(type, content);
    if (output === undefined) return;
    if (this.#clearOnNext.delete(cell)) outputs.length = 0;
    const last = outputs.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      last.text = overwrite(last.text + output.text);
      return;
    }
    if (output.output_type === "stream") output.text = overwrite(output.text);
    outputs.push(output);
    const id = displayId(content);
    if (id !== undefined && "data" in output) this.#displays.set(id, [...(this.#displays.get(id) ?? []), output]);
  }
}

function toOutput(type: string, content: Record<string, unknown>): Output | undefined {
  const data = content["data"] as MimeBundle;
  const metadata = (content["metadata"] ?? {}) as Record<string, unknown>;
  switch (type) {
    case "stream":
      return { output_type: "stream", name: String(content["name"]), text: String(content["text"]) };
    case "display_data":
      return { output_type: "display_data", data, metadata };
    case "execute_result": {
      const count = content["execution_count"] as number | null;
      return { output_type: "execute_result", data, metadata, execution_count: count };
    }
    case "error": {
      const { ename, evalue, traceback } = content as { ename: string; evalue: string; traceback: string[] };
      return { output_type: "error", ename, evalue, traceback };
    }
    default:
      return undefined; // execute_input and what later protocols add
  }
}

function displayId(content: Record<string, unknown>): string | undefined {
  return (content["transient"] as { display_id?: string } | undefined)?.display_id;
}

/** A progress bar rewrites its line after a carriage return; only the last state is kept. */
function overwrite(text: string): string {
  return text.replace(/\r+\n/g, "\n").replace(/[^\n]*\r(?=[^\n])/g, "");
}
