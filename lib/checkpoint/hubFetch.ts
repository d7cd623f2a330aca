import type { HubEnvironment } from "./hubEnvironment.js";

/** The hub cannot be reached, or its answer breaks off: trying again may help, and so may the cache. */
export class HubUnreachable extends Error {}

/** A connection that breaks in the middle of an answer is a TypeError of fetch, "terminated". */
export const isBroken = (error: unknown): error is Error =>
  error instanceof HubUnreachable || error instanceof TypeError;

const REDIRECTS = 5;

/**
 * `fetch` for the hub: the token goes to the endpoint alone, whatever host a redirect leads to, and every answer but a
 * good one becomes an error that says what to do. Messages show no query, since signed addresses carry secrets there.
 *
 * @param repo  what is asked for, for messages
 */
export function hubFetch({ endpoint, token }: HubEnvironment, repo: string): typeof fetch {
  const home = new URL(endpoint).origin;
  const get = async (target: URL, init: RequestInit, redirects: number): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("accept-encoding", "identity"); // a range of a compressed answer would be no range of the file
    headers.delete("authorization");
    if (token !== undefined && target.origin === home) headers.set("authorization", `Bearer ${token}`);
    const response = await fetch(target, { ...init, headers, redirect: "manual" }).catch((error: unknown) => {
      throw new HubUnreachable(`cannot reach ${target.host} (${reason(error)})${proxyHint()}`, { cause: error });
    });
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      if (redirects === 0) throw new Error(`${shown(target)} redirects more than ${REDIRECTS} times`);
      const next = new URL(location, target);
      if (target.protocol === "https:" && next.protocol !== "https:") {
        throw new Error(`${shown(target)} redirects to ${next.origin}, which is not encrypted`);
      }
      return get(next, init, redirects - 1);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw refusal(response, target, { endpoint, repo, token });
  };
  return (input, init = {}) => get(new URL(input instanceof Request ? input.url : input), init, REDIRECTS);
}

function refusal(
  { status, headers }: Response,
  target: URL,
  { endpoint, repo, token }: { endpoint: string; repo: string; token: string | undefined },
): Error {
  const message = `${target.host} answers ${status} to ${shown(target)}`;
  // what a redirect led to: its address may have run out, and the next one is a new one
  if (target.origin !== new URL(endpoint).origin) return new HubUnreachable(message);
  const code = headers.get("x-error-code");
  const where = `${repo} at ${endpoint}`;
  const use = `set HF_TOKEN to a token from ${endpoint}/settings/tokens`;
  if (code === "GatedRepo" || status === 403) {
    return new Error(`${where} is gated: accept its terms at ${endpoint}/${repo}, then ${use} of the same account`);
  }
  if (code === "RevisionNotFound") return new Error(`${where} has no such revision (${shown(target)})`);
  if (code === "EntryNotFound") return new Error(`${where} has no such file (${shown(target)})`);
  if (status === 401 && token !== undefined && code === null) {
    return new Error(`${endpoint} refuses the token in HF_TOKEN (401); ${use} that is valid`);
  }
  if (status === 401 || status === 404) {
    const secret = token === undefined ? `; if it is private or gated, ${use}` : ", or your token may not read it";
    return new Error(`there is no model ${where} (${status}): check the name${secret}`);
  }
  return status === 429 || status >= 500 ? new HubUnreachable(message) : new Error(message);
}

/** Node's fetch takes no notice of a proxy unless it is told to. */
function proxyHint(): string {
  const { HTTPS_PROXY, https_proxy, NODE_USE_ENV_PROXY } = process.env;
  if (NODE_USE_ENV_PROXY === "1" || !(HTTPS_PROXY || https_proxy)) return "";
  return "; for the proxy in HTTPS_PROXY, run Node 22.21 or newer with NODE_USE_ENV_PROXY=1";
}

const shown = ({ origin, pathname }: URL) => `${origin}${pathname}`;

function reason(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}
