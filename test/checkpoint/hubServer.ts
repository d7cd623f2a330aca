import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

export interface Seen {
  readonly host: "hub" | "cdn";
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** What befalls the next answers with a file's content, in this order. */
export type Fault = { cutAfter: number } | { status: number; code?: string } | "corrupt" | "ignore-range";

export interface HubServer {
  readonly endpoint: string;
  readonly seen: Seen[];
  /** by file name */
  readonly faults: Map<string, Fault[]>;
  /** what every answer of the API is, where it is set */
  refusal: { status: number; code?: string } | undefined;
  /** the sizes that the API names, where they are not the contents' */
  readonly sizes: Map<string, number>;
  readonly close: () => Promise<void>;
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");
const gitSha1 = (content: Buffer) =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
const isLarge = (name: string) => name.endsWith(".safetensors");

/** A hub with one model whose large files are on another host, as the real one's are. */
export async function hubServer(repo: string, contents: ReadonlyMap<string, Buffer>): Promise<HubServer> {
  const seen: Seen[] = [];
  const listen = async (host: Seen["host"], answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer((request, response) => {
      const { authorization, range } = request.headers;
      seen.push({ host, method: request.method ?? "", url: request.url ?? "", authorization, range });
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const name = host === "hub" ? "127.0.0.1" : "localhost";
    return { server, origin: `http://${name}:${(server.address() as AddressInfo).port}` };
  };

  const send = (name: string, request: IncomingMessage, response: ServerResponse) => {
    const fault = hub.faults.get(name)?.shift();
    const whole = contents.get(name) ?? Buffer.alloc(0);
    if (typeof fault === "object" && "status" in fault) return refuse(response, fault);
    const from = fault === "ignore-range" ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    let body = whole.subarray(from);
    if (fault === "corrupt") body = Buffer.from(body.map((byte) => byte ^ 1));
    response.setHeader("content-length", body.length);
    if (from > 0) response.setHeader("content-range", `bytes ${from}-${whole.length - 1}/${whole.length}`);
    response.writeHead(from > 0 ? 206 : 200);
    if (typeof fault === "object") {
      response.write(body.subarray(0, fault.cutAfter), () => response.destroy());
    } else response.end(request.method === "HEAD" ? undefined : body);
  };
  const refuse = (response: ServerResponse, { status, code }: { status: number; code?: string }) => {
    if (code !== undefined) response.setHeader("x-error-code", code);
    response.writeHead(status).end();
  };

  const cdn = await listen("cdn", (request, response) => {
    send(decodeURIComponent(new URL(request.url ?? "", "http://cdn").pathname.slice(1)), request, response);
  });
  const entries = [...contents].map(([path, content]) => ({
    type: "file",
    path,
    size: content.length,
    oid: gitSha1(content),
    ...(isLarge(path) && { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } }),
  }));
  const main = await listen("hub", (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://hub");
    const json = (value: unknown) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(value));
    };
    if (pathname.startsWith("/api/")) {
      if (hub.refusal) return refuse(response, hub.refusal);
      const revision = pathname.startsWith(`/api/models/${repo}/revision/`) && pathname.split("/").at(-1);
      if (revision === "main" || revision === COMMIT) {
        const siblings = entries.map(({ path }) => ({ rfilename: path }));
        return json({ _id: "1", id: repo, sha: COMMIT, siblings, lastModified: "2024-01-01T00:00:00.000Z" });
      }
      if (revision !== false) return refuse(response, { status: 404, code: "RevisionNotFound" });
      if (pathname !== `/api/models/${repo}/tree/${COMMIT}`)
        return refuse(response, { status: 401, code: "RepoNotFound" });
      const page = Number(searchParams.get("cursor") ?? 0); // two files to a page
      const sized = entries.map((entry) => ({ ...entry, size: hub.sizes.get(entry.path) ?? entry.size }));
      const next = `${main.origin}${pathname}?cursor=${page + 2}`;
      if (page + 2 < sized.length) response.setHeader("link", `<${next}>; rel="next"`);
      return json(sized.slice(page, page + 2));
    }
    const name = decodeURIComponent(pathname.slice(`/${repo}/resolve/${COMMIT}/`.length));
    const content = contents.get(name);
    if (content === undefined) return refuse(response, { status: 404, code: "EntryNotFound" });
    response.setHeader("x-repo-commit", COMMIT);
    if (!isLarge(name)) {
      response.setHeader("etag", `"${gitSha1(content)}"`);
      return send(name, request, response);
    }
    response.setHeader("x-linked-etag", `"${sha256(content)}"`);
    response.setHeader("x-linked-size", content.length);
    response.writeHead(302, { location: `${cdn.origin}/${encodeURIComponent(name)}?signature=secret` }).end();
  });

  const close = (server: Server) => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const hub: HubServer = {
    endpoint: main.origin,
    seen,
    faults: new Map(),
    refusal: undefined,
    sizes: new Map(),
    close: async () => {
      await close(main.server);
      await close(cdn.server);
    },
  };
  return hub;
}
