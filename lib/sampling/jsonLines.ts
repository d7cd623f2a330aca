import {
  closeSync,
  createReadStream,
  existsSync,
  fdatasync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { isJson, parseJson } from "../data/json.js";

/** Where a line lies in its file, in bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** An append-only file of one JSON value a line, which a killed process leaves with at most one torn line. */
export interface JsonLines {
  /** bytes of a torn last line that were cut off when the file was opened */
  readonly torn: number;
  /** in the file when it returns, so that kill −9 does not lose it */
  append(values: readonly object[]): readonly Place[];
  /** until all that was appended is on the disk; callers at the same time share one flush */
  flush(): Promise<void>;
  read(place: Place): unknown;
  close(): void;
}

const NEWLINE = 10;

/**
 * Opens the file for appending, or creates it, and goes through the lines that are there. A last line without its
 * end is kept if it is whole, else cut off.
 *
 * @throws DataError with file:line on a broken line before the last
 */
export async function openJsonLines(
  path: string,
  onLine: (value: unknown, place: Place, where: string) => void,
): Promise<JsonLines> {
  let [end, line, torn] = [0, 0, 0];
  let rest: Buffer = Buffer.alloc(0);
  const take = (bytes: Buffer) => {
    line++;
    const where = `${path}:${line}`;
    if (bytes.length > 0) {
      onLine(parseJson(bytes.toString("utf8"), where), { offset: end, length: bytes.length }, where);
    }
    end += bytes.length + 1;
  };
  if (existsSync(path)) {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      let bytes = Buffer.concat([rest, chunk as Buffer]);
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE)) {
        take(bytes.subarray(0, at));
        bytes = bytes.subarray(at + 1);
      }
      rest = bytes;
    }
  }
  const file = openSync(path, existsSync(path) ? "r+" : "w+", 0o600);
  if (rest.length > 0 && isJson(rest.toString("utf8"))) {
    writeSync(file, "\n", end + rest.length);
    take(rest);
  } else if (rest.length > 0) {
    torn = rest.length;
    ftruncateSync(file, end);
  }
  const toDisk = promisify(fdatasync);
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const flush = (): Promise<void> => {
    if (running) return (next ??= running.catch(() => undefined).then(() => ((next = undefined), flush())));
    return (running = toDisk(file).finally(() => (running = undefined)));
  };
  return {
    torn,
    flush,
    append(values) {
      const lines = values.map((value) => Buffer.from(JSON.stringify(value)));
      const bytes = Buffer.concat(lines.flatMap((text) => [text, Buffer.from("\n")]));
      try {
        for (let written = 0; written < bytes.length;) {
          written += writeSync(file, bytes, written, bytes.length - written, end + written);
        }
      } catch (error) {
        ftruncateSync(file, end); // a full disk leaves no half line
        throw error;
      }
      return lines.map(({ length }) => {
        const place = { offset: end, length };
        end += length + 1;
        return place;
      });
    },
    read({ offset, length }) {
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, offset);
      return JSON.parse(bytes.toString("utf8")) as unknown;
    },
    close: () => closeSync(file),
  };
}
