import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { linesOf, type LogKind, LogReader } from "./eventReader.js";
import type { RunEvent } from "./events.js";

const PIECE = 1 << 24;

/** A log that may still grow: each look reads only what was appended since the last one. */
export class LogTail {
  readonly #file: string;
  readonly #kind: LogKind;
  #reader: LogReader;
  #ino = 0;
  #offset = 0;

  constructor(file: string, kind: LogKind) {
    this.#file = file;
    this.#kind = kind;
    this.#reader = new LogReader(kind);
  }

  /**
   * Without a file there are no events. Damaged lines are left out; a line without its end waits for the next look.
   *
   * @param restart  the log was replaced, as by resuming the run: what was taken before does not count, all of it comes anew
   */
  look(take: (event: RunEvent) => void, restart: () => void): void {
    let fd: number;
    try {
      fd = openSync(this.#file, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    try {
      const { ino, size } = fstatSync(fd);
      if (ino !== this.#ino || size < this.#offset) {
        this.#ino = ino;
        this.#offset = 0;
        this.#reader = new LogReader(this.#kind);
        restart();
      }
      this.#readOn(fd, size, take);
    } finally {
      closeSync(fd);
    }
  }

  #readOn(fd: number, size: number, take: (event: RunEvent) => void): void {
    for (let piece = PIECE; this.#offset < size;) {
      const bytes = Buffer.allocUnsafe(Math.min(piece, size - this.#offset));
      const got = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, this.#offset));
      const end = got.lastIndexOf(10) + 1;
      for (const { text } of linesOf(got.subarray(0, end))) {
        const event = this.#reader.read(text, true);
        if (typeof event === "object") take(event);
      }
      this.#offset += end;
      if (end > 0) continue;
      if (got.length < piece) return;
      piece *= 2; // one line is longer than a piece
    }
  }
}
