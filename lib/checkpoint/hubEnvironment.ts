import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Where models come from and where they are kept. */
export interface HubEnvironment {
  /** without a slash at its end */
  readonly endpoint: string;
  readonly cacheDir: string;
  readonly offline: boolean;
  /** A secret: for requests to the endpoint and for nothing else. */
  readonly token: string | undefined;
}

/**
 * What Hugging Face's variables say, read as its Python library reads them: HF_ENDPOINT, HF_HUB_CACHE, HF_HOME,
 * HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE, HF_TOKEN, HF_TOKEN_PATH, XDG_CACHE_HOME. Without HF_TOKEN the token is the one
 * that `hf auth login` left in HF_HOME.
 */
export function hubEnvironment(env: NodeJS.ProcessEnv = process.env): HubEnvironment {
  const cache = env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
  const home = expanded(env["HF_HOME"] || path.join(cache, "huggingface"));
  return {
    endpoint: address(env["HF_ENDPOINT"] || "https://huggingface.co"),
    cacheDir: expanded(env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"] || path.join(home, "hub")),
    offline: [env["HF_HUB_OFFLINE"], env["TRANSFORMERS_OFFLINE"]].some((value) =>
      /^(?:1|on|yes|true)$/i.test(value ?? ""),
    ),
    token: checked(env["HF_TOKEN"]?.trim() || storedToken(expanded(env["HF_TOKEN_PATH"] || path.join(home, "token")))),
  };
}

function address(endpoint: string): string {
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new Error(`HF_ENDPOINT is ${endpoint}, not an address such as https://huggingface.co`);
  }
  return endpoint.replace(/\/+$/, "");
}

const expanded = (file: string) => file.replace(/^~(?=\/|$)/, homedir());

function storedToken(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** What no header can hold would be shown in fetch's error. */
function checked(token: string | undefined): string | undefined {
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new Error("HF_TOKEN (or the stored token) holds characters that no token has; copy it anew");
  }
  return token;
}
