/**
 * Text → tokens of arithmetic: numbers, operators, relations, brackets, words. Knows thousands separators, decimals,
 * percent signs, Unicode signs, superscripts and the common LaTeX commands.
 */

export type Token =
  | { readonly kind: "number"; /** digits without separators */ readonly text: string; readonly decimals: number }
  | { readonly kind: "operator"; readonly text: "+" | "-" | "*" | "/" | "^"; readonly spaced: boolean }
  | { readonly kind: "relation"; readonly text: Relation }
  /** `attached`: no space before it, as in f(2) or 3x */
  | { readonly kind: "open" | "close"; readonly text: string; readonly attached: boolean }
  | { readonly kind: "word"; readonly text: string; readonly attached: boolean }
  /** multiplies the number before it: %, million, dozen */
  | {
      readonly kind: "scale";
      readonly text: string;
      readonly factor: readonly [numerator: bigint, denominator: bigint];
    }
  /** ends a statement: full stop, comma, colon, line break, quotation mark, arrow */
  | { readonly kind: "break"; readonly text: string }
  /** any other sign; what touches it cannot be evaluated */
  | { readonly kind: "other"; readonly text: string };

export type Relation = "=" | "≈" | "≠" | "<" | ">" | "≤" | "≥";

const numberAt = /\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3}(?!\w))?|\.\d+/y;
const signAt = /<<|>>|-{1,2}>|=>|<-|[<>!:=]=|\*\*|[²³¹⁰⁴-⁹]+|[^]/y;
const clauseEnd = /[\n;?"]|[.,](?!\d)/g;
const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const percent: Token = { kind: "scale", text: "%", factor: [1n, 100n] };

type Operator = (Token & { kind: "operator" })["text"];
const operators: ReadonlyMap<string, Operator> = new Map(
  (["+", "-", "*", "/", "^"] as const).map((sign): [string, Operator] => [sign, sign]).concat([["**", "^"]]),
);
const relations: ReadonlyMap<string, Relation> = new Map<string, Relation>([
  ...(["=", "≈", "≠", "<", ">", "≤", "≥"] as const).map((sign): [string, Relation] => [sign, sign]),
  ["<=", "≤"],
  [">=", "≥"],
  ["!=", "≠"],
  [":=", "="],
  ["==", "="],
]);
const breaks: ReadonlySet<string> = new Set([
  "\n",
  ".",
  ",",
  ";",
  ":",
  "?",
  "!",
  '"',
  "<<",
  ">>",
  "->",
  "-->",
  "=>",
  "<-",
]);

/** Tokens of the clauses that hold a digit; clauses without one cannot say anything about numbers. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const source = plainSigns(text);
  let start = 0;
  for (const { index } of source.matchAll(clauseEnd)) {
    addClause(source.slice(start, index + 1), tokens);
    start = index + 1;
  }
  if (start < source.length) addClause(source.slice(start), tokens);
  return tokens;
}

function addClause(clause: string, tokens: Token[]): void {
  if (/\d/.test(clause)) tokenizeClause(clause, tokens);
  else tokens.push({ kind: "break", text: clause[clause.length - 1] });
}

function tokenizeClause(source: string, tokens: Token[]): void {
  let attached = false;
  for (let i = 0; i < source.length;) {
    const code = source.charCodeAt(i);
    if (code !== newline && isSpace(code)) {
      attached = false;
      i++;
      continue;
    }
    const start = i;
    if (isLetter(code)) {
      do i++;
      while (i < source.length && continuesWord(source.charCodeAt(i)));
      tokens.push({ kind: "word", text: source.slice(start, i), attached });
    } else if (isDigitCode(code) || (code === point && isDigitCode(source.charCodeAt(i + 1)))) {
      const text = matchAt(numberAt, source, i);
      i += text.length;
      tokens.push(numberToken(text));
    } else {
      const text = matchAt(signAt, source, i);
      i += text.length;
      if (superscripts.includes(text[0])) tokens.push(...raisedTo(text));
      else tokens.push(signToken(text, attached, source[i] ?? " ", tokens.at(-1)));
    }
    attached = true;
  }
}

function matchAt(pattern: RegExp, source: string, index: number): string {
  pattern.lastIndex = index;
  return pattern.exec(source)?.[0] ?? source[index];
}

function signToken(text: string, attached: boolean, following: string, previous: Token | undefined): Token {
  const relation = relations.get(text);
  if (relation) return { kind: "relation", text: relation };
  const operator = operators.get(text);
  if (operator) {
    const spaced = following.trim() === "";
    const bullet = spaced && (previous === undefined || previous.text === "\n");
    return bullet ? { kind: "break", text: "\n" } : { kind: "operator", text: operator, spaced };
  }
  if (breaks.has(text)) {
    const factorial = text === "!" && previous?.kind === "number";
    const time = text === ":" && previous?.kind === "number" && isDigitCode(following.charCodeAt(0));
    return { kind: factorial || time ? "other" : "break", text };
  }
  if ("([{".includes(text)) return { kind: "open", text, attached };
  if (")]}".includes(text)) return { kind: "close", text, attached };
  return text === "%" ? percent : { kind: "other", text };
}

function raisedTo(text: string): Token[] {
  const digits = [...text].map((digit) => superscripts.indexOf(digit)).join("");
  return [
    { kind: "operator", text: "^", spaced: false },
    { kind: "number", text: digits, decimals: 0 },
  ];
}

const newline = 10;
const point = 46;

function isSpace(code: number): boolean {
  return code <= 32 || code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x202f || code === 0x3000;
}

function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Latin, _ ° µ, and every script outside punctuation and mathematical signs. */
function isLetter(code: number): boolean {
  if (code < 128) return ((code | 32) >= 97 && (code | 32) <= 122) || code === 95;
  return code === 0xb0 || code === 0xb5 || (code >= 0xc0 && code <= 0x1fff) || (code >= 0x2c00 && code !== 0x3000);
}

/** Letters, digits, apostrophes and superscripts: x2, Tea's, cm². */
function continuesWord(code: number): boolean {
  if (isLetter(code) || isDigitCode(code) || code === 39) return true;
  return code === 0x2019 || code === 0xb2 || code === 0xb3 || code === 0xb9 || (code >= 0x2070 && code <= 0x2079);
}

function numberToken(text: string): Token {
  const digits = text.includes(",") ? text.replaceAll(",", "") : text;
  const dot = digits.indexOf(".");
  return { kind: "number", text: digits, decimals: dot < 0 ? 0 : digits.search(/e|$/i) - dot - 1 };
}

const signs: Readonly<Record<string, string>> = {
  "−": "-",
  "–": "-",
  "—": ";",
  "×": "*",
  "·": "*",
  "⋅": "*",
  "∙": "*",
  "∗": "*",
  "÷": "/",
  "∕": "/",
  "≅": "≈",
  "≃": "≈",
  "→": ";",
  "⇒": ";",
  "⟹": ";",
  "“": '"',
  "”": '"',
  "`": '"',
  $: " ",
  "€": " ",
  "£": " ",
  "¥": " ",
};

function plainSigns(text: string): string {
  const source = text.includes("\\") ? withoutLatex(text) : text;
  const plain = source.replace(/[−–—×·⋅∙∗÷∕≅≃→⇒⟹“”`$€£¥]/g, (sign) => signs[sign]);
  return /\d ?[xX] ?\d/.test(plain) ? plain.replace(/(?<=\d ?)[xX](?= ?\d)/g, "*") : plain;
}

const commands: Readonly<Record<string, string>> = {
  times: "*",
  cdot: "*",
  ast: "*",
  div: "/",
  approx: "≈",
  simeq: "≈",
  neq: "≠",
  ne: "≠",
  le: "≤",
  leq: "≤",
  ge: "≥",
  geq: "≥",
  lt: "<",
  gt: ">",
  left: "",
  right: "",
  quad: " ; ",
  qquad: " ; ",
  rightarrow: ";",
  Rightarrow: ";",
  implies: ";",
};

function withoutLatex(text: string): string {
  return text
    .replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "(($1)/($2))")
    .replace(/\\(?:text|mathrm|mathbf|operatorname)\s*\{([^{}]*)\}/g, " $1 ")
    .replace(/\^\s*\\circ/g, "°")
    .replace(/\{,\}/g, ",")
    .replace(/\\\\/g, "\n")
    .replace(/\\([%#&_])/g, "$1")
    .replace(/\\[()[\],;:! $]/g, " ")
    .replace(/\\([A-Za-z]+)/g, (_, name: string) => commands[name] ?? ` _${name}`);
}
