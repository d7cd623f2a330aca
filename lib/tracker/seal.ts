import { crc32 } from "node:zlib";

/*
 * A JSON object's text with a last member `"crc"`: the CRC-32 of all text before it. What a disk, a careless editor or
 * two mixed files did to the text is then seen, and a number is never silently another one.
 */

const MEMBER = '"crc":';

/** @param body  a JSON object's text without its closing brace */
export function sealLine(body: string, seed = 0): string {
  return `${body},"crc":${crc32(body, seed)}}`;
}

/** As {@link sealLine} for a whole JSON text; where it is indented by two, so is the seal. */
export function seal(json: string): string {
  const body = json.slice(0, -1).trimEnd();
  return body.length === json.length - 1 ? sealLine(body) : `${body},\n  "crc": ${crc32(body)}\n}`;
}

export interface Unsealed {
  /** without the seal and the closing brace */
  readonly body: string;
  readonly stated: number;
  readonly actual: number;
}

/** @returns undefined when there is no seal */
export function unseal(text: string, seed = 0): Unsealed | undefined {
  const at = text.lastIndexOf(MEMBER);
  const close = text.lastIndexOf("}");
  if (at === -1 || close < at || (close !== text.length - 1 && text.slice(close + 1).trim() !== "")) return undefined;
  const stated = Number(text.slice(at + MEMBER.length, close)); // NaN where more than a number follows
  if (Number.isNaN(stated)) return undefined;
  const body = text.slice(0, text.lastIndexOf(",", at));
  return { body, stated, actual: crc32(body, seed) };
}
