import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, normalize, sep } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { nanoid } from "nanoid";
import { unwritable } from "./adapter.js";
import type { Artifact } from "./record.js";

/**
 * Copies `source` to `folder/name`, hashing on the way; it appears there whole or not at all.
 *
 * @throws Error when the source is no readable file, the name leads out of the folder, or writing fails
 */
export async function keepArtifact(folder: string, source: string, name = basename(source)): Promise<Artifact> {
  const path = normalize(name);
  if (path === "." || path === ".." || path.startsWith(`..${sep}`) || path.startsWith(sep) || path.endsWith(sep)) {
    throw new Error(`artifact name "${name}" must be a path below the run's artifacts folder`);
  }
  const info = await stat(source).catch((cause: unknown) => {
    throw new Error(`artifact ${source} cannot be read (${(cause as NodeJS.ErrnoException).code}): check the path`, {
      cause,
    });
  });
  if (!info.isFile()) throw new Error(`artifact ${source} is no file: pack a folder into one first`);

  const target = join(folder, path);
  const partial = join(dirname(target), `.${basename(target)}.${nanoid(8)}`);
  const hash = createHash("sha256");
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await mkdir(dirname(target), { recursive: true });
    await pipeline(createReadStream(source), measure, createWriteStream(partial));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritable(target, error);
  }
  return { name: path.split(sep).join("/"), sha256: hash.digest("hex"), bytes };
}
