/** 1536 → "1.5 KiB", with three significant digits */
export function bytesText(bytes: number): string {
  const power = bytes > 0 ? Math.min(4, Math.floor(Math.log2(bytes) / 10)) : 0;
  return `${Number((bytes / 2 ** (10 * power)).toPrecision(3))} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}
