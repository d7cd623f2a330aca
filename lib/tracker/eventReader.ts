import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import writeFileAtomic from "write-file-atomic";
import { unwritable } from "./adapter.js";
import { eventLine, type RunEvent } from "./events.js";
import { isObject, parse, stringify } from "./plain.js";
import { unseal } from "./seal.js";

/** Which log it is: the run's id, and whether every line must carry a number and a checksum (run.json from schema 2 on). */
export interface LogKind {
  readonly id: string;
  readonly sealed: boolean;
}

interface Line {
  readonly event: RunEvent;
  /** undefined: written by schema 1 */
  readonly n: number | undefined;
}

/**
 * Turns the bytes of a log into events, in one or in many pieces. Lines that are torn, changed, repeated or of another
 * run are left out and reported, as is a gap in the numbers.
 */
export class LogReader {
  readonly problems: string[] = [];
  readonly #sealed: boolean;
  readonly #seed: number;
  #line = 0;
  /** number that the next event has unless some are missing */
  #expected = 0;
  /** damaged lines since the last good one: they account for as many missing numbers */
  #damaged = 0;

  constructor({ id, sealed }: LogKind) {
    this.#sealed = sealed;
    this.#seed = crc32(id);
  }

  /**
   * @param whole  it ended with a newline
   * @returns "nothing" for an empty line and one that was read before
   */
  read(text: string, whole: boolean): RunEvent | "damaged" | "nothing" {
    this.#line++;
    if (text === "") return "nothing";
    const line = whole ? this.#parse(text) : undefined;
    if (!line) {
      this.#damaged++;
      this.problems.push(`line ${this.#line} is cut or damaged: ${text.slice(0, 80)}`);
      return "damaged";
    }
    const n = line.n ?? this.#expected;
    if (n < this.#expected) {
      this.problems.push(`line ${this.#line} repeats event ${n}: it is left out`);
      return "nothing";
    }
    const missing = n - this.#expected - this.#damaged;
    if (missing > 0) this.problems.push(`${missing} events before line ${this.#line} are missing`);
    this.#expected = n + 1;
    this.#damaged = 0;
    return line.event;
  }

  /** Number of the next event. */
  get next(): number {
    return this.#expected;
  }

  #parse(text: string): Line | undefined {
    try {
      const found = unseal(text, this.#seed);
      if (!found) {
        const event = this.#sealed ? undefined : parse(text);
        return isEvent(event) ? { event, n: undefined } : undefined;
      }
      const at = found.body.lastIndexOf(',"n":');
      const n = Number(found.body.slice(at + 5));
      if (found.stated !== found.actual || at === -1 || !Number.isSafeInteger(n)) return undefined;
      const event = parse(`${found.body.slice(0, at)}}`);
      return isEvent(event) ? { event, n } : undefined;
    } catch {
      return undefined;
    }
  }
}

const isNumber = (value: unknown): boolean => typeof value === "number";

function isEvent(value: unknown): value is RunEvent {
  if (!isObject(value) || !isNumber(value.t)) return false;
  if (value.type === "metrics") {
    return isNumber(value.step) && isObject(value.metrics) && Object.values(value.metrics).every(isNumber);
  }
  return value.type === "note" ? typeof value.text === "string" : value.type === "status" || value.type === "resources";
}

/** All events of a log in order and what was left out of it. No file: no events. */
export async function readEvents(file: string, kind: LogKind): Promise<{ events: RunEvent[]; problems: string[] }> {
  const reader = new LogReader(kind);
  const events: RunEvent[] = [];
  for (const { text, whole } of linesOf(await readIfThere(file))) {
    const event = reader.read(text, whole);
    if (typeof event === "object") events.push(event);
  }
  return { events, problems: reader.problems.map((problem) => `${file} ${problem}`) };
}

/**
 * Replaces a log by one without the metrics after `step` and with `mark` at its end: readers see the old or the new.
 * The events are numbered anew, and those of schema 1 get numbers and checksums. A last line cut short goes; damaged
 * lines and gaps before it stay and are still reported.
 *
 * @returns the events that stayed, and the number of the next one
 */
export async function trimEvents(
  file: string,
  kind: LogKind,
  step: number,
  mark: RunEvent,
): Promise<{ events: RunEvent[]; next: number }> {
  const reader = new LogReader(kind);
  const seed = crc32(kind.id);
  const events: RunEvent[] = [];
  const kept: Uint8Array[] = [];
  let removed = 0;
  const keep = (event: RunEvent, n: number) => kept.push(Buffer.from(eventLine(stringify(event), n, seed)));
  for (const { bytes, text, whole } of linesOf(await readIfThere(file))) {
    const event = reader.read(text, whole);
    if (typeof event === "string") {
      if (whole && event === "damaged") kept.push(bytes, Buffer.from("\n"));
    } else if (event.type === "metrics" && event.step > step) {
      removed++;
    } else {
      keep(event, reader.next - 1 - removed);
      events.push(event);
    }
  }
  const next = reader.next - removed;
  keep(mark, next);
  try {
    await writeFileAtomic(file, Buffer.concat(kept));
  } catch (error) {
    throw unwritable(file, error);
  }
  return { events, next: next + 1 };
}

/** `whole`: the line ends with a newline, which only the last one may lack. */
export function* linesOf(log: Buffer): Generator<{ bytes: Buffer; text: string; whole: boolean }> {
  for (let start = 0; start < log.length;) {
    const newline = log.indexOf(10, start);
    const bytes = log.subarray(start, newline === -1 ? log.length : newline);
    yield { bytes, text: bytes.toString("utf8"), whole: newline !== -1 };
    start += bytes.length + 1;
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
