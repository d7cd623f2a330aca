import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, link, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, normalize, sep } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { nanoid } from "nanoid";
import { unwritable } from "./adapter.js";
import type { Artifact } from "./record.js";

/** Below the store's folder: every artifact once, by its hash. What runs have is a hard link to it. */
const OBJECTS = "objects";

/**
 * Copies `source` to `artifacts/name` of a run, hashing on the way; it appears there whole or not at all, read-only.
 * The same content is on the disk once for all runs of a store, where the file system has hard links.
 *
 * @param source  path of a file, or its content
 * @throws Error when the source is no readable file, the name leads out of the folder, or writing fails
 */
export async function keepArtifact(run: string, source: string | Buffer, name: string): Promise<Artifact> {
  const path = normalize(name);
  if (path === "." || path === ".." || path.startsWith(`..${sep}`) || path.startsWith(sep) || path.endsWith(sep)) {
    throw new Error(`artifact name "${name}" must be a path below the run's artifacts folder`);
  }
  if (typeof source === "string") await checkSource(source);
  const target = join(run, "artifacts", path);
  const partial = join(dirname(target), `.${basename(target)}.${nanoid(8)}`);
  const measure = new Measure();
  try {
    await mkdir(dirname(target), { recursive: true });
    const content = typeof source === "string" ? createReadStream(source) : Readable.from([source]);
    await pipeline(content, measure, createWriteStream(partial));
    await chmod(partial, 0o444);
    const sha256 = measure.digest();
    await shareObject(join(dirname(run), OBJECTS, sha256.slice(0, 2), sha256), partial, sha256);
    await rename(partial, target);
    return { name: path.split(sep).join("/"), sha256, bytes: measure.bytes };
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritable(target, error);
  }
}

async function checkSource(source: string): Promise<void> {
  const info = await stat(source).catch((cause: unknown) => {
    throw new Error(`artifact ${source} cannot be read (${(cause as NodeJS.ErrnoException).code}): check the path`, {
      cause,
    });
  });
  if (!info.isFile()) throw new Error(`artifact ${source} is no file: pack a folder into one first`);
}

/** Makes `file` and `object` one file. Where that cannot be, `file` stays what it is: a copy of its own. */
async function shareObject(object: string, file: string, sha256: string): Promise<void> {
  const attempt = (deed: Promise<unknown>) => deed.then(() => true, () => false); // prettier-ignore
  await attempt(mkdir(dirname(object), { recursive: true }));
  if (await attempt(link(file, object))) return;
  const [from, to] = (await hashOf(object)) === sha256 ? [object, file] : [file, object];
  const other = `${to}.${nanoid(8)}`;
  if ((await attempt(link(from, other))) && !(await attempt(rename(other, to)))) await rm(other, { force: true });
}

/** SHA-256 of a file; undefined when it cannot be read. */
export async function hashOf(file: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}

/** Deletes the objects that no run has any more. */
export async function sweepObjects(store: string): Promise<void> {
  const objects = join(store, OBJECTS);
  const files = await readdir(objects, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = join(file.parentPath, file.name);
    const links = await stat(path).then(({ nlink }) => nlink, () => 0); // prettier-ignore
    if (links === 1) await rm(path, { force: true });
  }
}

class Measure extends Transform {
  bytes = 0;
  readonly #hash = createHash("sha256");

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  digest = (): string => this.#hash.digest("hex");
}
