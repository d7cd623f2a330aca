/** Marks that show where a reasoning step begins, as offsets into a text with "\n" line ends. */

interface Mark {
  readonly start: number;
  readonly number: number;
  /** marks of one list look the same */
  readonly style: string;
}

const HEADING =
  /^[ \t]*(?:[-*+•>][ \t]+)?(?:#{1,6}[ \t]*)?[*_]{0,3}(?:Step|STEP|step)[ \t]+(\d{1,4})(?![\d]|\.\d)(?:[*_]{0,3}[ \t]*(?:[:.)\]–—-]|$)|[*_]{1,3}|(?=[ \t]+[^a-z\s]))/gm;
const NUMBERED = /^([ \t]*(?:#{1,6}[ \t]*)?[*_]{0,3})(\(?)(\d{1,4})([.)])(?=\s|[*_A-Z]|$)/gm;
const ANSWER =
  /^[ \t]*(?:#{1,6}[ \t]*)?[*_]{0,3}(?:the[ \t]+)?(?:final[ \t]+)?answer[*_]{0,3}[ \t]*(?::|$)|^[*_]{0,3}Solution[*_]{0,3}[ \t]*:(?=[^\n]*\s*$(?![^]))/gim;
const BLANK = /\n(?:[ \t]*\n)+/g;
const FENCE = /^[ \t]*(?:```|~~~)/gm;
const ORDINALS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth"];
const INLINE = [
  /\((\d{1,3})\)(?=\s)/g,
  /Step (\d{1,3})[*_]{0,3}:/g,
  new RegExp(`\\b(${ORDINALS.join("|")})(?:ly)?,(?=\\s)`, "g"),
];

/** "Step N" headings that run 1, 2, 3 …; others, such as "step 100" in prose, are text. */
export function headings(text: string): number[] {
  if (!/step/i.test(text)) return [];
  return run(marks(text, HEADING, (match) => ({ number: Number(match[1]), style: "" })));
}

/** The items of the first numbered list that runs from 1 to at least 2 after at most one paragraph. */
export function numberedList(text: string): number[] {
  const all = marks(text, NUMBERED, (match) => ({
    number: Number(match[3]),
    style: `${match[1]}${match[2]}${match[4]}`,
  }));
  for (const first of all.filter(({ number }) => number === 1)) {
    const items = run(all.filter(({ start, style }) => style === first.style && start >= first.start));
    if (items.length > 1) return /\n[ \t]*\n/.test(text.slice(0, first.start).trim()) ? [] : items;
  }
  return [];
}

/** The starts of the blocks between blank lines. */
export function blocks(text: string): number[] {
  const gaps = outsideFences(text, [...text.matchAll(BLANK)]);
  const starts = [0, ...gaps.map((gap) => gap.index + gap[0].length)];
  return starts.filter((start, i) => text.slice(start, starts[i + 1]).trim() !== "");
}

/** An enumeration inside a paragraph; every mark of its kind at the start of a sentence must belong to it. */
export function inlineRun(text: string): number[] {
  for (const pattern of INLINE) {
    const all = marks(text, pattern, (match) => ({
      number: /\d/.test(match[1]) ? Number(match[1]) : ORDINALS.indexOf(match[1]) + 1,
      style: "",
    })).filter(({ start }) => startsSentence(text, start));
    const items = run(all);
    if (items.length > 1 && items.length === all.length) return items;
  }
  return [];
}

function startsSentence(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 8), at);
  return /[.;:!?]\s+$|^\s*$/.test(before);
}

/** "Answer:", "Final answer:" and a one-line "Solution:" that ends the text, each at the start of a line. */
export function answerMarks(text: string): number[] {
  return outsideFences(text, [...text.matchAll(ANSWER)]).map((match) => match.index);
}

/** The longest run 1, 2, 3 … in order of the text. */
function run(marks: readonly Mark[]): number[] {
  const starts: number[] = [];
  for (const { start, number } of marks) if (number === starts.length + 1) starts.push(start);
  return starts;
}

function marks(text: string, pattern: RegExp, read: (match: RegExpMatchArray) => Omit<Mark, "start">): Mark[] {
  return outsideFences(text, [...text.matchAll(pattern)]).map((match) => ({ start: match.index, ...read(match) }));
}

/** A fence that is never closed runs to the end, as in a partial response. */
function outsideFences(text: string, matches: RegExpExecArray[]): RegExpExecArray[] {
  if (matches.length === 0 || !/```|~~~/.test(text)) return matches;
  const fences = [...text.matchAll(FENCE)].map((fence) => fence.index);
  return matches.filter((match) => fences.filter((fence) => fence <= match.index).length % 2 === 0);
}
