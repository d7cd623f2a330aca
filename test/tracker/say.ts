import { writeSync } from "node:fs";

/** A line to whoever started this process, at once. It may read more slowly than this writes: a full pipe is tried again. */
export function say(text: string): void {
  for (;;) {
    try {
      writeSync(1, `${text}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}
