import { constants } from "node:os";
import { errorText } from "../core/errorText.js";
import type { RunError } from "./record.js";

/** How a run ends when its process does: synchronous, because nothing else still works then. */
export type AbruptEnd = (
  end: { status: "failed"; error: RunError } | { status: "interrupted"; reason: string },
) => void;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof SIGNALS)[number];

const open = new Set<AbruptEnd>();
let signalled: Signal | undefined;
let uncaught: unknown;

/**
 * From now on `end` is called when the process exits, is told to by SIGINT or SIGTERM, or throws.
 * The process' hooks are there only as long as something is watched. SIGHUP is left alone, so that `nohup` works.
 *
 * @returns stops watching
 */
export function watch(end: AbruptEnd): () => void {
  if (open.size === 0) {
    for (const signal of SIGNALS) process.on(signal, onSignal);
    process.on("uncaughtExceptionMonitor", onUncaught);
    process.on("exit", onExit);
  }
  open.add(end);
  return () => {
    if (!open.delete(end) || open.size > 0) return;
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off("uncaughtExceptionMonitor", onUncaught);
    process.off("exit", onExit);
    signalled = uncaught = undefined;
  };
}

function onSignal(signal: Signal): void {
  signalled = signal;
  // A notebook kernel takes SIGINT to stop a cell, not itself: who listens besides us decides, and `onExit` sees to the runs.
  if (signal === "SIGINT" && process.listenerCount(signal) > 1 + cleanupListeners()) return;
  process.exit(128 + constants.signals[signal]);
}

/** Listeners of signal-exit 3 (lock files, temporary files), which leaves the decision to others; it counts itself here. */
function cleanupListeners(): number {
  const emitter = (process as { __signal_exit_emitter__?: { count?: number } }).__signal_exit_emitter__;
  return emitter?.count ?? 0;
}

function onUncaught(error: unknown): void {
  uncaught = error;
}

function onExit(code: number): void {
  const signal = signalled ?? SIGNALS.find((name) => code === 128 + constants.signals[name]);
  const unfinished = `the process exited with code ${code} before run.finish()`;
  for (const end of [...open]) {
    try {
      if (signal !== undefined) end({ status: "interrupted", reason: signal });
      else if (code === 0) end({ status: "interrupted", reason: unfinished });
      else end({ status: "failed", error: uncaught === undefined ? { message: unfinished } : runError(uncaught) });
    } catch (error) {
      process.stderr.write(`${errorText(error)}\n`);
    }
  }
}

export function runError(error: unknown): RunError {
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
}
