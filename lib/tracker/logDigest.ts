import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type Digests, Digester } from "./digest.js";
import { linesOf, type LogKind, LogReader } from "./eventReader.js";

const PIECE = 1 << 24;

/** The digests of a log that may still grow: each look reads only what was appended since the last one. */
export class LogDigest {
  readonly #file: string;
  readonly #kind: LogKind;
  #digester = new Digester();
  #reader: LogReader;
  #ino = 0;
  #offset = 0;

  constructor(file: string, kind: LogKind) {
    this.#file = file;
    this.#kind = kind;
    this.#reader = new LogReader(kind);
  }

  /** Without a file there are none. Damaged lines are left out; a line without its end waits for the next look. */
  look(): Digests {
    let fd: number;
    try {
      fd = openSync(this.#file, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw error;
    }
    try {
      const { ino, size } = fstatSync(fd);
      if (ino !== this.#ino || size < this.#offset) this.#restart(ino);
      this.#readOn(fd, size);
    } finally {
      closeSync(fd);
    }
    return this.#digester.digests();
  }

  #restart(ino: number): void {
    this.#ino = ino;
    this.#offset = 0;
    this.#digester = new Digester();
    this.#reader = new LogReader(this.#kind);
  }

  #readOn(fd: number, size: number): void {
    for (let piece = PIECE; this.#offset < size;) {
      const bytes = Buffer.allocUnsafe(Math.min(piece, size - this.#offset));
      const got = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, this.#offset));
      const end = got.lastIndexOf(10) + 1;
      for (const { text } of linesOf(got.subarray(0, end))) {
        const event = this.#reader.read(text, true);
        if (typeof event === "object" && event.type === "metrics") this.#digester.add(event.step, event.metrics);
      }
      this.#offset += end;
      if (end > 0) continue;
      if (got.length < piece) return;
      piece *= 2; // one line is longer than a piece
    }
  }
}
