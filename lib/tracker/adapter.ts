import { readFileSync } from "node:fs";
import type { SyncAdapter } from "lowdb";
import writeFileAtomic from "write-file-atomic";
import { errorText } from "../core/errorText.js";
import { parse, stringify } from "./plain.js";
import { seal, unseal } from "./seal.js";

/** Makes a T of parsed JSON or throws, naming `file`. `sealed`: a checksum says that it is as it was written. */
export type Check<T> = (value: unknown, file: string, sealed: boolean) => T;

/**
 * A lowdb adapter for one JSON file that is replaced as a whole: a reader sees the old or the new content, never half.
 * It carries a checksum; content that differs from it is refused.
 */
export class AtomicJson<T extends object> implements SyncAdapter<T> {
  readonly #file: string;
  readonly #check: Check<T>;
  readonly #indent: number;

  constructor(file: string, check: Check<T>, indent = 2) {
    this.#file = file;
    this.#check = check;
    this.#indent = indent;
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
    const found = unseal(text);
    if (found && found.stated !== found.actual) {
      throw new Error(
        `${this.#file} is damaged or was edited by hand: its checksum is ${found.stated}, that of its content ` +
          `${found.actual}; write that one if the edit was meant, else restore the file from a copy`,
      );
    }
    let value: unknown;
    try {
      value = parse(found ? `${found.body}}` : text);
    } catch (error) {
      throw new Error(`${this.#file} is not valid JSON: ${errorText(error)}`, { cause: error });
    }
    return this.#check(value, this.#file, found !== undefined);
  }

  write(data: T): void {
    try {
      writeFileAtomic.sync(this.#file, `${seal(stringify(data, this.#indent))}\n`);
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

/** A file of the store could not be written; what was in it before still is. */
export class WriteError extends Error {
  override readonly name = "WriteError";
}

/** The error of a failed write: what, where, why, and what to do. */
export function unwritable(path: string, cause: unknown): WriteError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const remedy = REMEDIES[code] ?? "check the path and its permissions";
  return new WriteError(`cannot write ${path} (${code || errorText(cause)}): ${remedy}`, { cause });
}
