import { readFileSync } from "node:fs";
import type { SyncAdapter } from "lowdb";
import writeFileAtomic from "write-file-atomic";
import { errorText } from "../core/errorText.js";
import { parse, stringify } from "./plain.js";

/** A lowdb adapter for one JSON file that is replaced as a whole: a reader sees the old or the new content, never half. */
export class AtomicJson<T> implements SyncAdapter<T> {
  readonly #file: string;
  readonly #check: (value: unknown, file: string) => T;

  /** @param check  throws when the parsed content is not a T */
  constructor(file: string, check: (value: unknown, file: string) => T) {
    this.#file = file;
    this.#check = check;
  }

  /** @returns null when there is no such file, which is lowdb's convention */
  read(): T | null {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      throw new Error(`${this.#file} is not valid JSON: ${errorText(error)}`, { cause: error });
    }
    return this.#check(value, this.#file);
  }

  write(data: T): void {
    try {
      writeFileAtomic.sync(this.#file, `${stringify(data, 2)}\n`);
    } catch (error) {
      throw unwritable(this.#file, error);
    }
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "make it writable for you, or use another store folder",
  EPERM: "make it writable for you, or use another store folder",
  EROFS: "the file system is read-only: use another store folder",
  ENOSPC: "the disk is full: free some space",
  EDQUOT: "your quota is used up: free some space",
  ENOENT: "the folder is gone: was it moved or deleted?",
};

/** The error of a failed write: what, where, why, and what to do. */
export function unwritable(path: string, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const remedy = REMEDIES[code] ?? "check the path and its permissions";
  return new Error(`cannot write ${path} (${code || errorText(cause)}): ${remedy}`, { cause });
}
