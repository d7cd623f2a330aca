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
const pattern = new RegExp(
  [
    "(\\d{1,3}(?:,\\d{3})+(?!\\d)(?:\\.\\d+)?|\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d{1,3}(?!\\w))?|\\.\\d+)", // 1 number
    `([${letter}][${letter}\\d'’²³¹⁰⁴-⁹]*)`, // 2 word
    "(<<|>>|-+>|=>|<-)", // 3 arrow
    "(<=|>=|!=|:=|==?|[≈≠<>≤≥])", // 4 relation
    "(\\*\\*|[+\\-*/^])", // 5 operator
    "([([{])", // 6 open
    "([)\\]}])", // 7 close
    "([²³¹⁰⁴-⁹]+)", // 8 superscript
    "(%)", // 9 percent
    '([\\n.,;:?!"])', // 10 break
    "(\\S)", // 11 other
  ].join("|"),
  "g",
);

const relations: Readonly<Record<string, Relation>> = { "<=": "≤", ">=": "≥", "!=": "≠", ":=": "=", "==": "=" };
const percent: Token = { kind: "scale", text: "%", factor: [1n, 100n] };
const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

export function tokenize(text: string): Token[] {
  const source = plainSigns(text);
  const tokens: Token[] = [];
  let end = 0;
  for (const match of source.matchAll(pattern)) {
    const [found, number, word, arrow, relation, operator, open, close, superscript, percentSign, ending] = match;
    const attached = match.index === end && match.index > 0;
    end = match.index + found.length;
    const previous = tokens.at(-1);
    if (number !== undefined) tokens.push(numberToken(number));
    else if (word !== undefined) tokens.push({ kind: "word", text: word, attached });
    else if (arrow !== undefined) tokens.push({ kind: "break", text: arrow });
    else if (relation !== undefined) {
      tokens.push({ kind: "relation", text: relations[relation] ?? (relation as Relation) });
    } else if (operator !== undefined) {
      const spaced = /\s/.test(source[end] ?? " ");
      const bullet = spaced && (previous === undefined || previous.text === "\n");
      if (bullet) tokens.push({ kind: "break", text: "\n" });
      else tokens.push({ kind: "operator", text: (operator === "**" ? "^" : operator) as "+", spaced });
    } else if (open !== undefined) tokens.push({ kind: "open", text: open, attached });
    else if (close !== undefined) tokens.push({ kind: "close", text: close, attached });
    else if (superscript !== undefined) {
      const digits = [...superscript].map((digit) => superscripts.indexOf(digit)).join("");
      tokens.push({ kind: "operator", text: "^", spaced: false }, { kind: "number", text: digits, decimals: 0 });
    } else if (percentSign !== undefined) tokens.push(percent);
    else if (ending !== undefined) {
      const factorial = ending === "!" && previous?.kind === "number";
      const time = ending === ":" && previous?.kind === "number" && /\d/.test(source[end] ?? "");
      tokens.push({ kind: factorial || time ? "other" : "break", text: ending });
    } else tokens.push({ kind: "other", text: found });
  }
  return tokens;
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
  return source.replace(/(\d)\s?[xX]\s?(?=\d)/g, "$1*").replace(/[−–—×·⋅∙∗÷∕≅≃→⇒⟹“”`$€£¥]/g, (sign) => signs[sign]);
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
