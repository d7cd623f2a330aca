import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** A turn of a conversation before its images are read. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly text: string;
  /** paths from where the program runs, http(s) URLs or data URLs */
  readonly images?: readonly string[];
}

/** How completions are drawn. What is left out is left to the endpoint. */
export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly reasoningEffort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh";
  /** completion i is drawn with seed + i, each by a request of its own */
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** most tokens of one completion, reasoning included */
  readonly maxTokens?: number;
  /** further fields of the request's body, for what only some servers know: `{ "top_k": 20 }` */
  readonly extraBody?: Readonly<Record<string, unknown>>;
}

export type Api = "chat" | "responses";

/** A prompt with everything that decides what comes back, images read. */
export interface Request extends Sampling {
  readonly api: Api;
  readonly model: string;
  readonly messages: readonly LoadedMessage[];
}

export interface LoadedMessage {
  readonly role: Message["role"];
  readonly text: string;
  readonly images: readonly LoadedImage[];
}

export interface LoadedImage {
  /** data URL, or the http(s) URL as it was given */
  readonly url: string;
  /** of the file's bytes, or of the URL */
  readonly sha256: string;
}

/**
 * The name of a request in the cache: sha256 of its API, model, messages (images by their hash) and sampling
 * parameters, independent of the order in which these were given.
 */
export function requestKey({ messages, ...rest }: Request): string {
  const content = messages.map(({ role, text, images }) => ({ role, text, images: images.map((i) => i.sha256) }));
  return sha256(JSON.stringify(sorted({ ...rest, messages: content })));
}

/** @throws Error naming an image that cannot be read, or is none */
export async function loadMessages(messages: readonly Message[]): Promise<LoadedMessage[]> {
  return Promise.all(
    messages.map(async ({ role, text, images = [] }) => ({
      role,
      text,
      images: await Promise.all(images.map(loadImage)),
    })),
  );
}

/** A prompt of the user with the question's image. */
export function promptOf(text: string, { image }: { readonly image?: string }): Message[] {
  return [{ role: "user", text, ...(image !== undefined && { images: [image] }) }];
}

/** Without the thoughts that some servers leave in the text of reasoning models. */
export function withoutThoughts(text: string): string {
  return text.replace(/^\s*<think>[^]*?<\/think>\s*/, "");
}

const SIGNATURES: readonly (readonly [mime: string, pattern: RegExp])[] = [
  ["image/png", /^\x89PNG/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8/],
  ["image/webp", /^RIFF....WEBP/s],
  ["image/bmp", /^BM/],
];

async function loadImage(image: string): Promise<LoadedImage> {
  if (/^(?:https?|data):/.test(image)) return { url: image, sha256: sha256(image) };
  const bytes = await readFile(image).catch((error: Error) => {
    throw new Error(`image ${image} cannot be read (${error.message})`);
  });
  const head = bytes.toString("latin1", 0, 16);
  const mime = SIGNATURES.find(([, pattern]) => pattern.test(head))?.[0];
  if (mime === undefined) throw new Error(`image ${image} is not PNG, JPEG, GIF, WebP or BMP; convert it first`);
  return { url: `data:${mime};base64,${bytes.toString("base64")}`, sha256: sha256(bytes) };
}

export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, sorted(item)]));
}
