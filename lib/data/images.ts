import { existsSync } from "node:fs";
import path from "node:path";
import { DataError } from "./files.js";

export interface ImageOptions {
  /** "check" refuses a file whose images are missing; defaults to "ignore" */
  readonly images?: "check" | "ignore";
  /** the folder that relative image paths count from; defaults to the data file's folder */
  readonly imageRoot?: string;
}

/** The image's path from where the program runs; undefined for a row without an image. */
export function imageAt(
  image: string | null | undefined,
  file: string,
  { imageRoot }: ImageOptions,
): string | undefined {
  if (image === undefined || image === null || image === "") return undefined;
  const elsewhere = path.isAbsolute(image) || /^(?:https?|data):/.test(image);
  return elsewhere ? image : path.join(imageRoot ?? path.dirname(file), image);
}

/** What a file in `folder` writes for an image; without a folder the path as it is, "" without an image. */
export function imageFrom(image: string | undefined, folder: string | undefined): string {
  if (image === undefined || folder === undefined || /^(?:https?|data):/.test(image)) return image ?? "";
  return path.relative(folder, image);
}

/** @throws DataError listing up to 20 images that do not exist */
export function checkImages(
  file: string,
  items: readonly { readonly image?: string }[],
  { images }: ImageOptions,
): void {
  if (images !== "check") return;
  const local = items.flatMap(({ image }) => (image === undefined || /^(?:https?|data):/.test(image) ? [] : [image]));
  const missing = [...new Set(local)].filter((image) => !existsSync(image));
  if (missing.length === 0) return;
  const shown = missing.slice(0, 20).map((image) => `\n  ${image}`);
  const more = missing.length > 20 ? `\n  and ${missing.length - 20} more` : "";
  throw new DataError(
    `${file}: ${missing.length} image(s) do not exist; set imageRoot to the folder that the paths count from${shown.join("")}${more}`,
  );
}
