import type { Output } from "./document.js";
import type { ExecuteReply } from "./kernel.js";

export type FailureKind = "type error" | "exception" | "uncaught error" | "timeout" | "kernel died" | "interrupted";

/** What went wrong in a cell, and the notebook output that says so. */
export interface Failure {
  kind: FailureKind;
  message: string;
  /** the end of the cell's stderr that the failure replaces */
  printed?: string;
}

/** tslab prints a diagnostic as `line:column - text`, with the file first for a `@module` cell. */
const diagnostic = /^(\S+ )?\d+:\d+ - /;
const moduleCell = /^\s*(\/\/[^\n]*\s*)*\/\*\*[^/]*@module\s/;

/**
 * Reads the outcome of a cell from tslab's reply. Only the reply's status tells that a cell failed: `console.error`
 * prints on stderr too. The text of the failure is the end of stderr, where tslab puts it with its last write.
 *
 * Differs from tslab: type errors in a `@module` cell and errors that nobody awaited count as failures.
 */
export function failureOf(source: string, { status, outputs, uncaught }: ExecuteReply): Failure | undefined {
  const printed = outputs.filter(({ type, content }) => type === "stream" && content["name"] === "stderr");
  const texts = printed.map(({ content }) => String(content["text"]));
  const diagnostics = texts.slice(texts.findLastIndex((text) => !diagnostic.test(text)) + 1).join("");
  const failed = status === "error" || (moduleCell.test(source) && diagnostics !== "");
  if (failed && diagnostics !== "") return { kind: "type error", message: diagnostics.trimEnd(), printed: diagnostics };
  if (failed) {
    const printed = texts.at(-1) ?? "the kernel gave no reason";
    return { kind: "exception", message: withoutInternals(printed), printed };
  }
  if (uncaught.length > 0) return { kind: "uncaught error", message: uncaught.map(withoutInternals).join("\n") };
  return undefined;
}

/** Adds the failure to the cell's outputs, as Jupyter's error output in the place of what tslab printed. */
export function recordFailure(outputs: Output[], failure: Failure): void {
  const last = outputs.at(-1);
  if (failure.printed !== undefined && last?.output_type === "stream" && last.text.endsWith(failure.printed)) {
    last.text = last.text.slice(0, -failure.printed.length);
    if (last.text === "") outputs.pop();
  }
  outputs.push(errorOutput(failure));
}

function errorOutput({ kind, message }: Failure): Output {
  const [first = ""] = message.split("\n");
  const named = /^(?:Uncaught )?([A-Z]\w*)(?: \[\w+\])?: (.*)$/.exec(first);
  const [ename, evalue] = kind !== "type error" && named ? [named[1] ?? kind, named[2] ?? ""] : [kind, first];
  return { output_type: "error", ename, evalue, traceback: message.split("\n") };
}

/** Without the lines that name the compiled cell, whose numbers are not the cell's own, and the insides of tslab and Node. */
function withoutInternals(stack: string): string {
  const message = stack.replace(/^evalmachine\.<anonymous>:\d+\n.*\n\s*\^+\n\n?/, "");
  const lines = message
    .split("\n")
    .filter((line) => !/^\s+at (.*(node:|[\\/]tslab[\\/]dist[\\/])|evalmachine)/.test(line));
  return lines
    .join("\n")
    .trimEnd()
    .replace(/ \(evalmachine\.<anonymous>:\d+:\d+\)/g, "");
}
