/** Bytes per number of the SafeTensors types that are read; F16, BF16 and F32 are also written. */
export const dtypeBytes = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;
export type Dtype = keyof typeof dtypeBytes;

/** Where a tensor lies: bytes `start` to `end` of the data that follows the header. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface Header {
  /** in the order of their bytes */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longest header that SafeTensors allows, bytes. */
export const MAX_HEADER = 100_000_000;

/**
 * The header's bytes, with its length before it and spaces after it so that the data begins at a multiple of 8.
 *
 * @param shapes    name and shape of each tensor, in the order of their data
 * @param metadata  strings kept under `__metadata__`
 */
export function headerBytes(
  shapes: Iterable<readonly [name: string, shape: readonly number[]]>,
  dtype: Dtype,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  let end = 0;
  const entries = Array.from(shapes, ([name, shape]): [string, object] => {
    const start = end;
    end += dtypeBytes[dtype] * sizeOf(shape);
    return [name, { dtype, shape, data_offsets: [start, end] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries([["__metadata__", metadata], ...entries])), "utf8");
  const padding = Buffer.alloc((8 - (json.length % 8)) % 8, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  return Buffer.concat([length, json, padding]);
}

/**
 * Reads a header and holds it to the format: every tensor's bytes fit its type and shape, and together they cover the
 * data once, without overlap, gap or rest.
 *
 * @param file   for messages
 * @param bytes  the header without its length
 * @param size   bytes of data behind it
 * @throws Error naming the file, the tensor and the value that is wrong
 */
export function parseHeader(file: string, bytes: Uint8Array, size: number): Header {
  const { __metadata__: metadata = {}, ...entries } = parseObject(file, bytes);
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw new Error(`${file}: __metadata__ is no record of strings`);
  }
  const tensors = Object.entries(entries)
    .map(([name, entry]) => [name, parseEntry(`${file}: tensor "${name}"`, entry, size)] as const)
    .sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let covered = 0;
  for (const [name, { start, end }] of tensors) {
    if (start !== covered) {
      const what = start < covered ? "overlap the tensor before" : `leave a gap after byte ${covered}`;
      throw new Error(`${file}: the bytes ${start} to ${end} of tensor "${name}" ${what}`);
    }
    covered = end;
  }
  if (covered !== size) throw new Error(`${file}: ${size - covered} bytes after the last tensor belong to none`);
  return { tensors: new Map(tensors), metadata: metadata as Record<string, string> };
}

function parseEntry(what: string, entry: unknown, size: number): TensorInfo {
  if (!isObject(entry)) throw new Error(`${what} is described by ${JSON.stringify(entry)}, not by an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(dtypeBytes, dtype)) {
    throw new Error(`${what} is ${JSON.stringify(dtype)}; what can be read is ${Object.keys(dtypeBytes).join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) throw new Error(`${what} has shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new Error(`${what} has data_offsets ${JSON.stringify(offsets)}`);
  }
  const [start, end] = offsets as [number, number];
  const bytes = dtypeBytes[dtype as Dtype] * sizeOf(shape);
  if (!Number.isSafeInteger(bytes) || end - start !== bytes || end > size) {
    const data = end > size ? `; the file holds ${size} bytes of data: is it cut off?` : "";
    throw new Error(`${what} (${dtype} [${shape.join(", ")}]) does not fit its bytes ${start} to ${end}${data}`);
  }
  return { dtype: dtype as Dtype, shape, start, end };
}

/** `JSON.parse` keeps the last of two equal names without a word, so names are counted in the text as well. */
function parseObject(file: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.startsWith("{")) throw new Error(`it begins with ${JSON.stringify(text.slice(0, 12))}`);
    const header = JSON.parse(text) as Record<string, unknown>;
    const seen = new Set<string>();
    for (const name of topLevelNames(text)) {
      if (seen.has(name)) throw new Error(`the name ${JSON.stringify(name)} is there twice`);
      seen.add(name);
    }
    return header;
  } catch (error) {
    throw new Error(`${file} is no SafeTensors file: its header cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The names of the outermost object of a text that is JSON. */
function* topLevelNames(json: string): Generator<string> {
  let depth = 0;
  let last = "";
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") depth--;
    else if (c === ":" && depth === 1) yield JSON.parse(last) as string;
    else if (c === '"') {
      const from = i++;
      while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
      if (depth === 1) last = json.slice(from, i + 1);
    }
  }
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
