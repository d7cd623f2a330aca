import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTokenizer } from "../../lib/checkpoint/tokenizer.js";
import { trainTokenizer } from "../../lib/checkpoint/trainTokenizer.js";

interface Trained {
  model: { vocab: Record<string, number>; merges: string[][] };
  added_tokens: { id: number; content: string }[];
}
const train = (texts: string[], size: number, special: string[] = []) =>
  trainTokenizer(texts, { size, special }) as Trained;

test("the most frequent pair is joined first, of equals the one that sorts first, and none that comes once", () => {
  const { model, added_tokens: added } = train(["abab abab abc"], 300, ["<|end|>"]);
  // abab, ␣abab, ␣abc: ab 5 times, then abab and ␣ab twice each, then every pair once
  expect(model.merges).toEqual([
    ["a", "b"],
    ["ab", "ab"],
  ]);
  expect([model.vocab["ab"], model.vocab["abab"]]).toEqual([256, 257]);
  expect(added).toMatchObject([{ id: 258, content: "<|end|>" }]);
  expect(train(["abab abab abc"], 257).model.merges).toEqual([["a", "b"]]);
});

test("bytes have GPT-2's order, so that plus and minus are tokens 10 and 12", () => {
  const { vocab } = train([], 256).model;
  expect([vocab["!"], vocab["+"], vocab["-"], vocab["~"], vocab["¡"], vocab["Ġ"]]).toEqual([0, 10, 12, 93, 94, 220]);
  expect(Object.values(vocab).sort((a, b) => a - b)).toEqual(Array.from({ length: 256 }, (_, id) => id));
});

test("a word that JavaScript's objects have is a token as others are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trained-"));
  const texts = ["constructor constructor __proto__ __proto__ toString"];
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(train(texts, 400)));
  const tokenizer = await loadTokenizer(folder);
  expect(tokenizer.tokens("constructor")).toEqual(["constructor"]);
  expect(tokenizer.decode(tokenizer.encode(texts[0]))).toBe(texts[0]);
});
