import { closeSync, fdatasyncSync, futimesSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import { unwritable } from "./adapter.js";
import { isObject, parse, stringify } from "./plain.js";
import type { RunStatus } from "./record.js";

/** One line of `events.jsonl`; `t` is ms since epoch. */
export type RunEvent =
  | { readonly type: "metrics"; readonly t: number; readonly step: number; readonly metrics: Metrics }
  | { readonly type: "note"; readonly t: number; readonly text: string }
  | {
      readonly type: "status";
      readonly t: number;
      readonly status: RunStatus;
      readonly reason?: string;
      /** with "running": the run had ended and goes on from its checkpoint at this step */
      readonly step?: number;
    };

export type Metrics = Readonly<Record<string, number>>;

/** Appends events; each is with the operating system before `append` returns, so that kill −9 loses none. */
export class EventLog {
  readonly #file: string;
  readonly #fd: number;
  #torn = false;

  constructor(file: string) {
    this.#file = file;
    try {
      this.#fd = openSync(file, "a");
    } catch (error) {
      throw unwritable(file, error);
    }
  }

  append(event: RunEvent): void {
    this.#write(stringify(event));
  }

  /** @throws TypeError naming the metric that is no number */
  metrics(step: number, metrics: Metrics): void {
    let finite = true;
    for (const name in metrics) {
      const value: unknown = metrics[name];
      if (typeof value !== "number") {
        throw new TypeError(`metric "${name}" at step ${step} must be a number, got ${typeof value}: ${String(value)}`);
      }
      finite &&= Number.isFinite(value);
    }
    const event: RunEvent = { type: "metrics", t: Date.now(), step, metrics };
    this.#write(finite ? JSON.stringify(event) : stringify(event));
  }

  /** A sign of life: the file's modification time. */
  beat(): void {
    const now = new Date();
    futimesSync(this.#fd, now, now);
  }

  close(): void {
    fdatasyncSync(this.#fd);
    closeSync(this.#fd);
  }

  #write(line: string): void {
    try {
      // a line that a full disk cut short must not swallow this one
      writeAll(this.#fd, Buffer.from(this.#torn ? `\n${line}\n` : `${line}\n`));
      this.#torn = false;
    } catch (error) {
      this.#torn = true;
      throw unwritable(this.#file, error);
    }
  }
}

/** @param position  where in the file; left out: at its end */
export function writeAll(fd: number, bytes: Uint8Array, position?: number): void {
  for (let done = 0; done < bytes.byteLength;) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position === undefined ? null : position + done);
  }
}

export interface DroppedLine {
  /** from 1 */
  readonly line: number;
  readonly text: string;
}

/** All events of a log in order; lines that are torn or no events are left out and reported. No file: no events. */
export async function readEvents(file: string): Promise<{ events: RunEvent[]; dropped: DroppedLine[] }> {
  const events: RunEvent[] = [];
  const dropped: DroppedLine[] = [];
  for (const { line, bytes } of linesOf(await readIfThere(file))) {
    const text = bytes.toString("utf8");
    const event = eventOf(text);
    if (event) events.push(event);
    else dropped.push({ line, text });
  }
  return { events, dropped };
}

/**
 * Replaces a log by one without the metrics after `step` and with `mark` at its end: readers see the old or the new.
 * A last line cut short goes too; damaged lines before it stay and are still reported.
 *
 * @returns the events that stayed
 */
export async function trimEvents(file: string, step: number, mark: RunEvent): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const kept: Uint8Array[] = [];
  const newline = Buffer.from("\n");
  for (const { bytes, whole } of linesOf(await readIfThere(file))) {
    const event = eventOf(bytes.toString("utf8"));
    if (event ? event.type === "metrics" && event.step > step : !whole) continue;
    kept.push(bytes, newline);
    if (event) events.push(event);
  }
  kept.push(Buffer.from(`${stringify(mark)}\n`));
  try {
    await writeFileAtomic(file, Buffer.concat(kept));
  } catch (error) {
    throw unwritable(file, error);
  }
  return events;
}

/** `whole`: the line ends with a newline, which only the last one may lack. */
function* linesOf(log: Buffer): Generator<{ line: number; bytes: Buffer; whole: boolean }> {
  for (let start = 0, line = 1; start < log.length; line++) {
    const newline = log.indexOf(10, start);
    const end = newline === -1 ? log.length : newline;
    yield { line, bytes: log.subarray(start, end), whole: newline !== -1 };
    start = end + 1;
  }
}

function eventOf(text: string): RunEvent | undefined {
  try {
    const event = parse(text);
    const known = isObject(event) && (event.type === "note" || event.type === "status" || isObject(event.metrics));
    return known ? (event as unknown as RunEvent) : undefined;
  } catch {
    return undefined;
  }
}

async function readIfThere(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
