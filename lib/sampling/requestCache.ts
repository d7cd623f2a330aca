import { mkdirSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { claim } from "../tracker/claim.js";
import { HEARTBEAT_MS, thisProcess } from "../tracker/status.js";
import { DataError } from "../data/dataError.js";
import { openJsonLines, type Place } from "./jsonLines.js";

/** One text that an endpoint has written. */
export interface Completion {
  readonly text: string;
  /** why it ended: "stop", "length", "content_filter" … */
  readonly finish: string;
}

/** The completions of a cache folder. One process at a time has it open. */
export interface RequestCache {
  readonly folder: string;
  /** completions in it */
  readonly size: () => number;
  /** what was mended when it was opened */
  readonly notes: readonly string[];
  get(key: string, index: number): Completion | undefined;
  has(key: string, index: number): boolean;
  /**
   * Stores completions of one request under their sample indices, on the disk before it returns.
   * @param request  its name in the ledger
   */
  add(key: string, request: string, completions: readonly (Completion & { readonly index: number })[]): Promise<void>;
  close(): void;
}

const line = z.object({
  key: z.string(),
  index: z.int().min(0),
  request: z.string(),
  text: z.string(),
  finish: z.string(),
});

/**
 * Opens `completions.jsonl` in the folder, one line per completion: `key` (see `requestKey`), `index` of the sample,
 * `request` (its name in `ledger.jsonl`), `text`, `finish`. Texts stay in the file; memory holds their places.
 *
 * @throws Error when another process has the folder open; DataError with file:line on a broken or repeated line
 */
export async function openRequestCache(folder: string): Promise<RequestCache> {
  mkdirSync(folder, { recursive: true });
  const release = await claim(folder, thisProcess(), "sampling");
  const beat = setInterval(() => touchClaim(folder), HEARTBEAT_MS).unref();
  const done = () => {
    clearInterval(beat);
    release();
  };
  const places = new Map<string, Place>();
  const name = (key: string, index: number) => `${key}/${index}`;
  const path = join(folder, "completions.jsonl");
  try {
    const file = await openJsonLines(path, (value, place, where) => {
      const entry = line.safeParse(value);
      if (!entry.success) {
        throw new DataError(`${where}: is no completion; remove the line, and what it held is asked for again`);
      }
      const { key, index } = entry.data;
      if (places.has(name(key, index)))
        throw new DataError(`${where}: sample ${index} of ${key} is there twice; remove the line`);
      places.set(name(key, index), place);
    });
    return {
      folder,
      size: () => places.size,
      notes:
        file.torn === 0
          ? []
          : [`${path}: a torn last line (${file.torn} bytes) was dropped; its completion is asked for again`],
      has: (key, index) => places.has(name(key, index)),
      get(key, index) {
        const place = places.get(name(key, index));
        if (place === undefined) return undefined;
        const { text, finish } = file.read(place) as Completion;
        return { text, finish };
      },
      async add(key, request, completions) {
        const lines = completions.map(({ index, text, finish }) => ({ key, index, request, text, finish }));
        const added = file.append(lines);
        completions.forEach(({ index }, i) => places.set(name(key, index), added[i]));
        await file.flush();
      },
      close() {
        file.close();
        done();
      },
    };
  } catch (error) {
    done();
    throw error;
  }
}

/** Processes on other machines take a claim for dead that nobody has touched for some minutes. */
function touchClaim(folder: string): void {
  const now = new Date();
  for (const file of readdirSync(folder).filter((entry) => entry.startsWith(".sampling-"))) {
    try {
      utimesSync(join(folder, file), now, now);
    } catch {
      // a rival's, taken back just now
    }
  }
}
