import path from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { type AddedToken, type BytePairs, qwen2Tokenizer } from "./bpe.js";
import { jsonFile, textFile } from "./jsonFile.js";

export interface EncodeOptions {
  /** Add what the tokenizer puts around a text, such as a token for its beginning. Defaults to true. */
  readonly addSpecialTokens?: boolean;
  /** Most tokens that are allowed; without it, any number. */
  readonly maxLength?: number;
  /** What the text is, "row 17 of train.json", for the error when it is too long. */
  readonly what?: string;
}

/** A checkpoint's tokenizer. */
export interface TextTokenizer {
  /** the folder that it was read from, for messages */
  readonly path: string;
  /** the largest token id and one */
  readonly size: number;
  /** "eos_token", "pad_token" … and the tokens that they name */
  readonly specialTokens: Readonly<Record<string, string>>;
  /**
   * Token ids of a text. Special tokens that stand in the text are taken for themselves, as Hugging Face does.
   *
   * @throws RangeError naming the text and both lengths when there are more than `maxLength`
   */
  readonly encode: (text: string, options?: EncodeOptions) => number[];
  readonly decode: (ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }) => string;
  /** A token's id; undefined when the vocabulary has no such token. */
  readonly tokenId: (token: string) => number | undefined;
  /** The tokens of a text as the vocabulary writes them. */
  readonly tokens: (text: string) => string[];
}

/**
 * Reads the tokenizer of a checkpoint's folder: `tokenizer.json`, or `vocab.json` and `merges.txt` of a Qwen2 tokenizer,
 * with `tokenizer_config.json` and `special_tokens_map.json`.
 *
 * @throws Error naming the file that is missing or cannot be read
 * @example
 * const tokenizer = await loadTokenizer("Qwen2-VL-2B-Instruct");
 * tokenizer.encode("2 + 2 = 4<|im_end|>", { maxLength: 4096, what: "row 3" });
 */
export async function loadTokenizer(folder: string): Promise<TextTokenizer> {
  const config = (await jsonFile(path.join(folder, "tokenizer_config.json"))) ?? {};
  const specialTokens = namedTokens({ ...(await jsonFile(path.join(folder, "special_tokens_map.json"))), ...config });
  const decoder = (config["added_tokens_decoder"] ?? {}) as Record<string, Omit<AddedToken, "id">>;
  const fromConfig = Object.entries(decoder).map(([id, token]) => ({ ...token, id: Number(id) }));
  const json = ((await jsonFile(path.join(folder, "tokenizer.json"))) ??
    (await qwen2Files(folder, config, fromConfig))) as { added_tokens?: AddedToken[] };
  const known = json.added_tokens ?? [];
  const added = [...known, ...fromConfig.filter(({ id }) => !known.some((token) => token.id === id))];
  const tokenizer = parse(folder, { ...json, added_tokens: added }, config);
  const size = Math.max(...added.map(({ id }) => id), (tokenizer.model?.vocab.length ?? 0) - 1) + 1;
  return {
    path: folder,
    size,
    specialTokens,
    encode(text, { addSpecialTokens = true, maxLength = Infinity, what = "the text" } = {}) {
      const { ids } = tokenizer.encode(text, { add_special_tokens: addSpecialTokens });
      if (ids.length > maxLength) {
        throw new RangeError(
          `${what} is ${ids.length} tokens long, more than the limit of ${maxLength}: shorten it, leave it out, or ` +
            "raise the limit as far as memory and model allow",
        );
      }
      return ids;
    },
    decode: (ids, { skipSpecialTokens = false } = {}) =>
      ids.length === 0 ? "" : tokenizer.decode([...ids], { skip_special_tokens: skipSpecialTokens }),
    tokenId: (token) => tokenizer.token_to_id(token),
    tokens: (text) => tokenizer.tokenize(text),
  };
}

/**
 * Holds that a model has a row for every token.
 *
 * @param vocabularySize  rows of the model's embedding; more than the tokenizer has tokens is usual
 * @throws Error with both sizes when the tokenizer is of another model
 */
export function refuseSmallVocabulary(tokenizer: TextTokenizer, vocabularySize: number): void {
  if (tokenizer.size <= vocabularySize) return;
  throw new Error(
    `the tokenizer in ${tokenizer.path} has ${tokenizer.size} tokens, the model ${vocabularySize}: ` +
      "they are not of the same checkpoint",
  );
}

function parse(folder: string, json: object, config: object): Tokenizer {
  try {
    // the library would otherwise join spaces and punctuation when it decodes
    return new Tokenizer(json, { clean_up_tokenization_spaces: false, ...config });
  } catch (error) {
    throw new Error(`${folder}: tokenizer.json cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** Tokens are named by their text, or by an object that has it. */
function namedTokens(config: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([name, token]) => {
      const content = typeof token === "object" ? (token as { content?: unknown } | null)?.content : token;
      return /^[a-z]+_token$/.test(name) && typeof content === "string" ? [[name, content]] : [];
    }),
  );
}

async function qwen2Files(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  added: readonly AddedToken[],
): Promise<object> {
  const vocab = (await jsonFile(path.join(folder, "vocab.json"))) as BytePairs["vocab"] | undefined;
  const merges = await textFile(path.join(folder, "merges.txt"));
  const kind = config["tokenizer_class"];
  if (vocab === undefined || merges === undefined) {
    throw new Error(`${folder} holds no tokenizer: neither tokenizer.json nor vocab.json with merges.txt`);
  }
  if (!/^Qwen2Tokenizer(?:Fast)?$/.test(String(kind))) {
    const whose = typeof kind === "string" ? `a ${kind}` : "an unnamed tokenizer_class";
    throw new Error(`${folder} holds no tokenizer.json, and vocab.json of ${whose} does not say how text is split`);
  }
  const pairs = merges
    .split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("#version"))
    .map((line) => line.split(" ") as [string, string]);
  return qwen2Tokenizer({ vocab, merges: pairs }, added);
}
