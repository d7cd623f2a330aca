import { createHash } from "node:crypto";
import { normaliseQuestion } from "../text/question.js";

/** Names of questions, so that the same question has the same name in every file. */
export interface QuestionNames {
  of(question: string, image?: string | null): string;
}

const REMEMBERED = 4096;

/** `q-` and 12 hex digits of the sha256 of the normalised question text and its image; remembers the last it has hashed. */
export function questionNames(): QuestionNames {
  const known = new Map<string, string>();
  return {
    of(question, image) {
      const key = `${question}\n${image ?? ""}`;
      let id = known.get(key);
      if (id === undefined) {
        const hash = createHash("sha256").update(`${normaliseQuestion(question)}\n${image ?? ""}`);
        id = `q-${hash.digest("hex").slice(0, 12)}`;
        if (known.size >= REMEMBERED) known.clear();
        known.set(key, id);
      }
      return id;
    },
  };
}

/** A namer of rows: the wished name, or with `#row` after it where it is taken already. */
export function uniqueNames(): (wished: string, row: number) => string {
  const taken = new Set<string>();
  return (wished, row) => {
    const id = taken.has(wished) ? `${wished}#${row}` : wished;
    taken.add(id);
    return id;
  };
}
