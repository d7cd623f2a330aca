import { readFile } from "node:fs/promises";

/**
 * A JSON file's object, or undefined where there is no such file.
 *
 * @throws Error naming the file when it holds something else
 */
export async function jsonFile(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await textFile(file);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} cannot be read as JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${file} holds ${text.slice(0, 20)}, not an object`);
  }
  return value as Record<string, unknown>;
}

/** A file's text, or undefined where there is no such file. */
export async function textFile(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
