import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labelTokens } from "../../lib/checkpoint/labelTokens.js";
import { loadTokenizer, refuseSmallVocabulary } from "../../lib/checkpoint/tokenizer.js";
import { pythonWith } from "./python.js";
import { randomTexts, texts, tinyConfig, tinyTokenizer } from "./tokenizerCases.js";

const python = pythonWith("tokenizers", "transformers");

interface Golden {
  texts: { text: string; ids: number[]; decoded: string; withoutSpecial: string }[];
}
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/checkpoint/tokenizer.json"), "utf8"),
) as Golden;

function folder(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}
const tiny = folder({ "tokenizer.json": tinyTokenizer, "tokenizer_config.json": tinyConfig });

/** vocab.json and merges.txt as Qwen2's slow tokenizer has them. */
function qwen2Files(): Record<string, unknown> {
  const { model, added_tokens: added } = tinyTokenizer as {
    model: { vocab: object; merges: string[][] };
    added_tokens: { id: number; content: string; special: boolean }[];
  };
  return {
    "vocab.json": model.vocab,
    "merges.txt": `#version: 0.2\n${model.merges.map((pair) => pair.join(" ")).join("\n")}\n`,
    "tokenizer_config.json": {
      ...tinyConfig,
      added_tokens_decoder: Object.fromEntries(added.map(({ id, ...token }) => [id, token])),
    },
  };
}

test("token ids and decoded texts are those of Python's tokenizers", async () => {
  const tokenizer = await loadTokenizer(tiny);
  expect(golden.texts.map(({ text }) => text)).toEqual(texts);
  for (const { text, ids, decoded, withoutSpecial } of golden.texts) {
    expect(tokenizer.encode(text), text).toEqual(ids);
    expect(tokenizer.decode(ids), text).toBe(decoded);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true }), text).toBe(withoutSpecial);
  }
  expect(tokenizer.specialTokens).toEqual({ eos_token: "<|im_end|>", pad_token: "<|endoftext|>" });
  expect(tokenizer.size).toBe(316);
  expect(tokenizer.tokenId("<|image_pad|>")).toBe(315);
  expect(tokenizer.tokenId("<|nothing|>")).toBeUndefined();
});

test("any text survives, in Unicode's composed form", async () => {
  const tokenizer = await loadTokenizer(tiny);
  for (const text of randomTexts(500)) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text.normalize("NFC"));
});

test("vocab.json and merges.txt of a Qwen2 tokenizer give the same ids", async () => {
  const whole = await loadTokenizer(tiny);
  const parts = await loadTokenizer(folder(qwen2Files()));
  for (const text of [...texts, ...randomTexts(100)]) expect(parts.encode(text)).toEqual(whole.encode(text));
});

test("tokens that only the configuration adds are known", async () => {
  const token = { content: "<IMG_CONTEXT>", special: true, lstrip: false, rstrip: false, normalized: false };
  const place = folder({
    "tokenizer.json": tinyTokenizer,
    "tokenizer_config.json": { added_tokens_decoder: { 400: token } },
    "special_tokens_map.json": { pad_token: { content: "<|endoftext|>" }, additional_special_tokens: ["<img>"] },
  });
  const tokenizer = await loadTokenizer(place);
  expect(tokenizer.encode("<IMG_CONTEXT><IMG_CONTEXT>")).toEqual([400, 400]);
  expect(tokenizer.size).toBe(401);
  expect(tokenizer.specialTokens).toEqual({ pad_token: "<|endoftext|>" });
});

test("a text over the limit is refused with its row and length", async () => {
  const tokenizer = await loadTokenizer(tiny);
  expect(tokenizer.encode("+-+", { maxLength: 3 }).length).toBe(3);
  expect(() => tokenizer.encode("+-+-", { maxLength: 3, what: "row 17 of train.json" })).toThrow(
    /^row 17 of train\.json is 4 tokens long, more than the limit of 3: shorten it/,
  );
});

test("a model with fewer rows than the tokenizer has tokens is refused", async () => {
  const tokenizer = await loadTokenizer(tiny);
  expect(() => refuseSmallVocabulary(tokenizer, 316)).not.toThrow();
  expect(() => refuseSmallVocabulary(tokenizer, 315)).toThrow(/has 316 tokens, the model 315: .* not of the same/);
});

test("labels are looked up, and are single tokens", async () => {
  const tokenizer = await loadTokenizer(tiny);
  expect(labelTokens(tokenizer, ["+", "-"])).toEqual([tokenizer.tokenId("+"), tokenizer.tokenId("-")]);
  expect(labelTokens(tokenizer, ["+", "-"])).toEqual([10, 12]);
  expect(() => labelTokens(tokenizer, ["+", "−"])).toThrow(/label "−" must be one token .* it is 3: "â" "Ī" "Ĵ"/);
  expect(() => labelTokens(tokenizer, ["+", ""])).toThrow(/label "" must be one token .* it is none/);
  expect(() => labelTokens(tokenizer, ["+", "+"])).toThrow(/label "\+" is the same token as another/);
});

test("files that are missing or no tokenizer are named", async () => {
  await expect(loadTokenizer(folder({}))).rejects.toThrow(
    /holds no tokenizer: neither tokenizer\.json nor vocab\.json/,
  );
  const bert = { ...qwen2Files(), "tokenizer_config.json": { tokenizer_class: "RobertaTokenizer" } };
  await expect(loadTokenizer(folder(bert))).rejects.toThrow(
    /vocab\.json of a RobertaTokenizer does not say how text is split/,
  );
  await expect(loadTokenizer(folder({ "tokenizer.json": "{" }))).rejects.toThrow(
    /tokenizer\.json cannot be read as JSON/,
  );
  await expect(loadTokenizer(folder({ "tokenizer.json": "[]" }))).rejects.toThrow(
    /tokenizer\.json holds \[\], not an object/,
  );
  await expect(loadTokenizer(folder({ "tokenizer.json": "{}" }))).rejects.toThrow(
    /tokenizer\.json cannot be used: .*model/,
  );
});

const PROGRAM = `
import json, sys
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
out = []
for text in json.load(open(sys.argv[2])):
    ids = tokenizer.encode(text).ids
    out.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False), "withoutSpecial": tokenizer.decode(ids)})
print(json.dumps(out))
`;

test.skipIf(!python)("Python's tokenizers say the same of any text", async () => {
  const tokenizer = await loadTokenizer(tiny);
  const some = [...texts, ...randomTexts(1000)];
  const file = join(folder({ "texts.json": some }), "texts.json");
  const theirs = (await python?.(PROGRAM, [tiny, file])) as Golden["texts"];
  expect(theirs.slice(0, texts.length)).toEqual(golden.texts);
  for (const { text, ids, decoded, withoutSpecial } of theirs) {
    expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(withoutSpecial);
  }
});

const SLOW = `
import json, sys
from transformers import Qwen2Tokenizer
tokenizer = Qwen2Tokenizer.from_pretrained(sys.argv[1])
print(json.dumps([tokenizer(text).input_ids for text in json.load(open(sys.argv[2]))]))
`;

test.skipIf(!python)("transformers makes the same of vocab.json and merges.txt", async () => {
  const place = folder(qwen2Files());
  const tokenizer = await loadTokenizer(place);
  const some = [...texts, ...randomTexts(100)];
  const file = join(folder({ "texts.json": some }), "texts.json");
  expect(some.map((text) => tokenizer.encode(text))).toEqual(await python?.(SLOW, [place, file]));
  rmSync(place, { recursive: true });
});
