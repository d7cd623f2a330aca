/** A file that cannot be used as data; the message names file, place, value and remedy. */
export class DataError extends Error {
  override readonly name = "DataError";
}
