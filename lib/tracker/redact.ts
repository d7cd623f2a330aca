export const REDACTED = "[redacted]";

/** Beginnings of well-known tokens: OpenAI, Anthropic, Hugging Face, GitHub, GitLab, Slack, AWS, Google, npm, W&B, JWT. */
const TOKEN = new RegExp(
  [
    String.raw`\b(?:sk|rk|pk)[-_][\w-]{8,}`,
    String.raw`\bhf_\w{8,}`,
    String.raw`\bgh[pousr]_\w{8,}`,
    String.raw`\bgithub_pat_\w{8,}`,
    String.raw`\bglpat-[\w-]{8,}`,
    String.raw`\bxox[abeoprs]-[\w-]{8,}`,
    String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{12,}`,
    String.raw`\bAIza[\w-]{20,}`,
    String.raw`\bnpm_\w{8,}`,
    String.raw`\bwandb_v\d_\w{8,}`,
    String.raw`\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
  ].join("|"),
  "g",
);
/** End of a name that gives a secret away; "tokens" and "tokenizer" do not. */
const NAME = String.raw`(?:token|secret|passw(?:or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)`;
/** `"apiKey": "…"`, `token = '…'` */
const QUOTED = new RegExp(String.raw`(${NAME}["']?\s*[:=]\s*)(["'\x60])[^"'\x60\s]{6,}\2`, "gi");
/** `export API_KEY=…`, `api_key: …` to the end of a line, in a diff too */
const LINE = new RegExp(
  String.raw`^([+ -]?\s*(?:export\s+)?[\w-]*${NAME}\s*[:=]\s*)(?=\S*\d)[\w+/=~.-]{8,}(?=\s*$)`,
  "gim",
);
const FLAG = new RegExp(String.raw`^--?[\w-]*${NAME}$`, "i");
const FLAG_VALUE = new RegExp(String.raw`^((?:--?)?[\w.-]*${NAME}[=:]).+$`, "is");
const USER_INFO = /(\w+:\/\/)[^\s/@]+@/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/** A text with passwords, keys and tokens replaced, as far as their names or beginnings give them away. */
export function redactText(text: string): string {
  return text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(TOKEN, REDACTED)
    .replace(USER_INFO, `$1${REDACTED}@`)
    .replace(QUOTED, `$1$2${REDACTED}$2`)
    .replace(LINE, `$1${REDACTED}`);
}

/** {@link redactText} of each argument, and of the value that follows a flag such as `--token`. */
export function redactArguments(argv: readonly string[]): string[] {
  return argv.map((argument, i) => {
    const named = i > 0 && FLAG.test(argv[i - 1]) && !argument.startsWith("--");
    return named ? REDACTED : redactText(argument.replace(FLAG_VALUE, `$1${REDACTED}`));
  });
}
