import type { ComputeEngine } from "@cortex-js/compute-engine";

/** longer texts are prose, not answers */
const LONGEST = 200;
const POINTS = [0.7310585, 1.3862943, 2.2360679];
const FUNCTIONS = /\\?\b(?:sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|ln|log|exp|sqrt|pi|infty)\b/g;

type Expression = ReturnType<ComputeEngine["parse"]>;

let engine: Promise<ComputeEngine> | undefined;

/**
 * Claims that two mathematical expressions, in LaTeX or plain signs, are equal: by Cortex-JS's Compute Engine, and where it
 * cannot decide, if their difference vanishes at three points. Texts with words are none and never equal.
 */
export async function equalExpressions(a: string, b: string): Promise<boolean> {
  if (![a, b].every(isExpression)) return false;
  // Its CommonJS build exports nothing, and most answers are decided without it.
  engine ??= import("@cortex-js/compute-engine").then(({ ComputeEngine }) => new ComputeEngine());
  const ce = await engine;
  const [x, y] = [a, b].map((text) => ce.parse(latex(text)));
  if (!x.isValid || !y.isValid) return false;
  return x.isEqual(y) ?? vanishes(ce, x, y);
}

/** By Schwartz and Zippel different polynomials differ at a random point; relative to their size there. */
function vanishes(ce: ComputeEngine, x: Expression, y: Expression): boolean {
  const names = [...new Set([...x.unknowns, ...y.unknowns])];
  if (names.length === 0) return false;
  return POINTS.every((point, n) => {
    const at = Object.fromEntries(names.map((name, i) => [name, ce.number(point + 0.577 * i * (n + 1))]));
    const [u, v] = [x, y].map((expression) => expression.subs(at).N());
    const [re, im] = [u.re - v.re, u.im - v.im].map(Number);
    return Math.hypot(re, im) <= 1e-9 * Math.max(1, Math.hypot(u.re, u.im)); // NaN is not
  });
}

/** Claims that a text could be an expression: short, with a digit, a sign or a command, and without words. */
function isExpression(text: string): boolean {
  const letters = text.replace(/\\[A-Za-z]+/g, " ").replace(FUNCTIONS, " ");
  return text.length <= LONGEST && /[\d\\+\-*/^=(√π]/.test(text) && !/[A-Za-z]{3,}/.test(letters);
}

function latex(text: string): string {
  return text
    .replace(/\\[dt]frac/g, "\\frac")
    .replace(/\\(?:left|right|,|;|!| )/g, " ")
    .replace(/(\d),(?=\d{3}(?!\d))/g, "$1")
    .replace(/√\s*\(([^()]*)\)/g, "\\sqrt{$1}")
    .replace(/√\s*(\w+)/g, "\\sqrt{$1}")
    .replace(/(?<!\\)\bsqrt\s*\(([^()]*)\)/g, "\\sqrt{$1}")
    .replace(/(?<!\\)\b(sin|cos|tan|ln|log|exp|pi)\b/g, "\\$1 ")
    .replace(/π/g, "\\pi ")
    .replace(/\*\*/g, "^")
    .replace(/[×·*]/g, "\\cdot ")
    .replace(/[−–]/g, "-")
    .replace(/\^\s*\(([^()]*)\)/g, "^{$1}")
    .replace(/\^(-?\d{2,})/g, "^{$1}");
}
