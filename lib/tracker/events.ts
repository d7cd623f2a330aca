import { closeSync, constants, fdatasyncSync, futimesSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { unwritable } from "./adapter.js";
import { stringify } from "./plain.js";
import type { RunStatus } from "./record.js";
import type { Resources } from "./resources.js";
import { sealLine } from "./seal.js";

/** One line of `events.jsonl`; `t` is ms since epoch. On disk it also has its number `n` in the log and a checksum. */
export type RunEvent =
  | { readonly type: "metrics"; readonly t: number; readonly step: number; readonly metrics: Metrics }
  | { readonly type: "note"; readonly t: number; readonly text: string }
  | ({ readonly type: "resources"; readonly t: number } & Resources)
  | {
      readonly type: "status";
      readonly t: number;
      readonly status: RunStatus;
      readonly reason?: string;
      /** with "running": the run had ended and goes on from its checkpoint at this step */
      readonly step?: number;
    };

export type Metrics = Readonly<Record<string, number>>;

export interface LogOptions {
  /** each event is on the disk before `append` returns: a power failure loses none either */
  readonly durable?: boolean;
  /** number of the first event to come */
  readonly next?: number;
}

/** Appends events; each is with the operating system before `append` returns, so that kill −9 loses none. */
export class EventLog {
  readonly #file: string;
  readonly #fd: number;
  readonly #seed: number;
  #next: number;
  #torn = false;

  /** @param id  of the run: an event of another one does not fit the checksum */
  constructor(file: string, id: string, { durable = false, next = 0 }: LogOptions = {}) {
    this.#file = file;
    this.#seed = crc32(id);
    this.#next = next;
    try {
      const { O_APPEND, O_CREAT, O_WRONLY, O_DSYNC } = constants;
      this.#fd = openSync(file, O_APPEND | O_CREAT | O_WRONLY | (durable ? O_DSYNC : 0), 0o666);
    } catch (error) {
      throw unwritable(file, error);
    }
  }

  append(event: RunEvent): void {
    this.#write(stringify(event));
  }

  /** @throws TypeError naming the metric that is no number */
  metrics(step: number, metrics: Metrics): void {
    let finite = Number.isFinite(step);
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
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw unwritable(this.#file, error);
    } finally {
      closeSync(this.#fd);
    }
  }

  #write(json: string): void {
    const line = eventLine(json, this.#next, this.#seed);
    try {
      // a line that a full disk cut short must not swallow this one
      writeAll(this.#fd, Buffer.from(this.#torn ? `\n${line}` : line));
      this.#torn = false;
      this.#next++;
    } catch (error) {
      this.#torn = true;
      throw unwritable(this.#file, error);
    }
  }
}

/** @param seed  CRC-32 of the run's id */
export const eventLine = (json: string, n: number, seed: number): string =>
  `${sealLine(`${json.slice(0, -1)},"n":${n}`, seed)}\n`;

/** @param position  where in the file; left out: at its end */
export function writeAll(fd: number, bytes: Uint8Array, position?: number): void {
  for (let done = 0; done < bytes.byteLength;) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position === undefined ? null : position + done);
  }
}
