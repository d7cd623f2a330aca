import { type AddedToken, type BytePairs, qwen2Tokenizer, QWEN2_SPLIT } from "./bpe.js";

export interface TrainTokenizerOptions {
  /** Tokens without the special ones, at least the 256 bytes; fewer when the texts hold no more pairs. */
  readonly size: number;
  /** Tokens of their own, such as "<|im_end|>", numbered after the others. */
  readonly special: readonly string[];
}

/**
 * Trains a small tokenizer of Qwen2's kind: byte pairs are joined, the most frequent first, within the pieces that
 * Qwen2's pattern splits a text into; of equally frequent pairs the one that sorts first. Any text can be encoded.
 *
 * Sennrich, Haddow and Birch 2016 (arXiv 1508.07909), on bytes.
 *
 * @returns the content of `tokenizer.json`
 * @example
 * const json = trainTokenizer(["a small text"], { size: 300, special: ["<|im_end|>"] });
 */
export function trainTokenizer(texts: Iterable<string>, { size, special }: TrainTokenizerOptions): object {
  const vocab = new Map(byteCharacters.toSorted().map((character, id) => [character, id]));
  const words = countWords(texts);
  const merges: BytePairs["merges"][number][] = [];
  while (vocab.size < size) {
    const pair = mostFrequent(words);
    if (pair === undefined) break;
    merges.push(pair);
    const token = pair.join("");
    if (!vocab.has(token)) vocab.set(token, vocab.size);
    for (const word of words) join(word.tokens, pair);
  }
  const added = special.map((content, i): AddedToken => ({ id: vocab.size + i, content, special: true }));
  return qwen2Tokenizer({ vocab: Object.fromEntries(vocab), merges }, added);
}

interface Word {
  readonly tokens: string[];
  readonly count: number;
}

/** Printable bytes stand for themselves, the others for characters from U+0100 on (GPT-2). */
const byteCharacters: readonly string[] = (() => {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
})();

function countWords(texts: Iterable<string>): Word[] {
  // one pattern for JavaScript, which knows (?i:) only from Node 24 on
  const pattern = new RegExp(
    QWEN2_SPLIT.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)", "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])"),
    "gu",
  );
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [piece] of text.normalize("NFC").matchAll(pattern)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return Array.from(counts, ([piece, count]) => ({
    tokens: Array.from(Buffer.from(piece), (byte) => byteCharacters[byte]),
    count,
  }));
}

function mostFrequent(words: readonly Word[]): readonly [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { tokens, count } of words) {
    for (let i = 1; i < tokens.length; i++) {
      const pair = `${tokens[i - 1]} ${tokens[i]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best: string | undefined;
  let most = 1; // a pair seen once is not worth a token
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== undefined && pair < best)) [best, most] = [pair, count];
  }
  return best?.split(" ") as [string, string] | undefined;
}

function join(tokens: string[], [left, right]: readonly [string, string]): void {
  for (let i = 1; i < tokens.length; i++) {
    if (tokens[i - 1] === left && tokens[i] === right) tokens.splice(i - 1, 2, left + right);
  }
}
