import { joinSteps } from "../text/steps.js";

/**
 * `step_starts` is our optional column in DreamPRM rows: where in the text each step begins. It is written only when
 * the splitter would find other steps, so that import → file → load gives the same steps back.
 */
const GAP = joinSteps(["", ""]);

/** The steps of a text by their offsets; undefined without offsets or when they do not fit the text. */
export function stepsAt(text: string, starts: readonly number[] | null | undefined): string[] | undefined {
  if (!starts) return undefined;
  if (starts.length === 0) return [""];
  const fits = starts.every((start, i) => {
    const joined = start === 0 || text.slice(start - GAP.length, start) === GAP;
    return start < text.length && joined && (i === 0 || start > starts[i - 1]);
  });
  if (!fits) return undefined;
  return starts.map((start, i) => text.slice(start, i + 1 < starts.length ? starts[i + 1] - GAP.length : undefined));
}

/** Offsets of steps that are joined by blank lines, the first at `offset`. */
export function startsOf(steps: readonly string[], offset: number): number[] {
  let at = offset;
  return steps.map((step) => {
    const start = at;
    at += step.length + GAP.length;
    return start;
  });
}
