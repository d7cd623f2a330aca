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

const letter = "A-Za-z_°µ\\u00c0-\\u1fff\\u2c00-\\uffff";
const number = "\\d{1,3}(?:,\\d{3})+(?!\\d)(?:\\.\\d+)?|\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d{1,3}(?!\\w))?|\\.\\d+";
const word = `[${letter}][${letter}\\d'’²³¹⁰⁴-⁹]*`;
const pattern = new RegExp(`${number}|${word}|<<|>>|-{1,2}>|=>|<-|[<>!:=]=|\\*\\*|[²³¹⁰⁴-⁹]+|\\n|\\S`, "g");
const clauseEnd = /[\n;?"]|[.,](?!\d)/g;
const otherLetter = new RegExp(`^[${letter}]`);
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

function isDigit(sign: string): boolean {
  return sign >= "0" && sign <= "9";
}

function tokenizeClause(source: string, tokens: Token[]): void {
  let end = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(source); match; match = pattern.exec(source)) {
    const [text] = match;
    const attached = match.index === end && match.index > 0;
    end = match.index + text.length;
    if (startsWord(text)) tokens.push({ kind: "word", text, attached });
    else if (isDigit(text[0]) || (text[0] === "." && text.length > 1)) tokens.push(numberToken(text));
    else if (superscripts.includes(text[0])) tokens.push(...raisedTo(text));
    else tokens.push(signToken(text, attached, source[end] ?? " ", tokens.at(-1)));
  }
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
    const time = text === ":" && previous?.kind === "number" && isDigit(following);
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

function startsWord(text: string): boolean {
  const code = text.charCodeAt(0);
  return code < 128 ? ((code | 32) >= 97 && (code | 32) <= 122) || code === 95 : otherLetter.test(text);
}

function numberToken(text: string): Token {
  const digits = text.replaceAll(",", "");
  const point = digits.indexOf(".");
  return { kind: "number", text: digits, decimals: point < 0 ? 0 : digits.search(/e|$/i) - point - 1 };
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
  return source.replace(/[−–—×·⋅∙∗÷∕≅≃→⇒⟹“”`$€£¥]/g, (sign) => signs[sign]).replace(/(?<=\d ?)[xX](?= ?\d)/g, "*");
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
    .replace(/\\([A-Za-z]+)/g, (_, name: string) => commands[name] ?? ` ${name}`);
}
