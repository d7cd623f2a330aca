import { type Digests, Digester } from "./digest.js";
import type { LogKind } from "./eventReader.js";
import { LogTail } from "./logTail.js";

/** The digests of a log that may still grow: each look reads only what was appended since the last one. */
export class LogDigest {
  readonly #tail: LogTail;
  #digester = new Digester();

  constructor(file: string, kind: LogKind) {
    this.#tail = new LogTail(file, kind);
  }

  /** Without a file there are none. Damaged lines are left out; a line without its end waits for the next look. */
  look(): Digests {
    this.#tail.look(
      (event) => {
        if (event.type === "metrics") this.#digester.add(event.step, event.metrics);
      },
      () => (this.#digester = new Digester()),
    );
    return this.#digester.digests();
  }
}
