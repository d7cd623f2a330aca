import { redactText, REDACTED } from "../tracker/redact.js";

/** A key that leaves this object in requests only. */
export interface ApiKey {
  /** for the client of the endpoint */
  readonly reveal: () => string;
  /** a text without the key, and without what looks like another */
  readonly hide: (text: string) => string;
}

/** what servers without keys get */
const NONE = "none";

/**
 * The key in an environment variable; without one, servers that need none are asked without.
 *
 * @throws Error naming the variable when it is empty and the endpoint is OpenAI's
 */
export function apiKey(variable: string, baseUrl: string): ApiKey {
  const key = process.env[variable]?.trim() ?? "";
  if (key === "" && isOpenAi(baseUrl)) {
    throw new Error(
      `$${variable} is not set; it must hold the key of ${baseUrl} (or name another with --api_key_env, another server with --base_url)`,
    );
  }
  return {
    reveal: () => key || NONE,
    hide: (text) => redactText(key === "" ? text : text.replaceAll(key, REDACTED)),
  };
}

/** Claims that an address is OpenAI's own. */
export function isOpenAi(baseUrl: string): boolean {
  return /^https:\/\/(?:[\w-]+\.)?api\.openai\.com\b/.test(baseUrl);
}
