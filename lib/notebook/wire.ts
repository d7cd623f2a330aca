import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/** One message of Jupyter's protocol 5.3 (https://jupyter-client.readthedocs.io/en/stable/messaging.html). */
export interface Message {
  header: Header;
  parentHeader: Partial<Header>;
  content: Record<string, unknown>;
}

interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

const delimiter = "<IDS|MSG>";

/** A request with a fresh id, ready to be packed. */
export function request(type: string, session: string, content: Record<string, unknown>): Message {
  const header = {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username: "dreamprm",
    date: new Date().toISOString(),
    version: "5.3",
  };
  return { header, parentHeader: {}, content };
}

/** Frames of a message on the wire: delimiter, HMAC-SHA256 over the four parts, header, parent, metadata, content. */
export function pack(message: Message, key: string): string[] {
  const parts = [message.header, message.parentHeader, {}, message.content].map((part) => JSON.stringify(part));
  return [delimiter, sign(parts, key), ...parts];
}

/** @throws Error when the delimiter is missing or the signature does not match the key */
export function unpack(frames: readonly Buffer[], key: string): Message {
  const start = frames.findIndex((frame) => frame.toString() === delimiter);
  if (start < 0) throw new Error("kernel message without delimiter");
  const [signature, ...parts] = frames.slice(start + 1, start + 6).map((frame) => frame.toString());
  const expected = Buffer.from(sign(parts, key));
  const given = Buffer.from(signature ?? "");
  if (parts.length < 4 || given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new Error("kernel message with a wrong signature");
  const [header, parentHeader, , content] = parts.map((part) => JSON.parse(part) as unknown);
  return { header, parentHeader, content } as Message;
}

function sign(parts: readonly string[], key: string): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}
