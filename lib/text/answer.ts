const LABELLED = /(?:\banswer\b|^[*_ \t]*solution\b)(?:[ \t]+is)?[*_ \t]*:?[*_ \t]*([^\n]+)/gim;
const LONE_OPTION = /^\s*\(?([A-J])\)?\.?\s*$/;
const OPTION = /^(?:[Cc]hoice|[Oo]ption)[\\_\s]*\(?([A-J])(?![\w'’])|^\(([A-J])\)|^([A-J])\s*(?:$|[).:,;–-])/;
const BOXED = /\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}/g;

/**
 * The final answer that a response gives in its last step: after "Final answer:", "Answer:", "the answer is" or
 * "Solution:", in \boxed{…}, or an option's letter on its own. An option is its letter alone: "(B) 3 cm", "Choice_B" and
 * "B" are all "B".
 */
export function finalAnswer(steps: readonly string[]): string | undefined {
  const last = steps.at(-1) ?? "";
  const text =
    LONE_OPTION.exec(last)?.[1] ?? [...last.matchAll(BOXED)].at(-1)?.[1] ?? [...last.matchAll(LABELLED)].at(-1)?.[1];
  if (text === undefined) return undefined;
  const plain = text.replace(/[*_`$]+$|^[*_`$]+/g, "").trim();
  const option = OPTION.exec(plain);
  const answer = option === null ? plain.replace(/[.\s]+$/, "") : (option[1] ?? option[2] ?? option[3]);
  return answer === "" ? undefined : answer;
}
