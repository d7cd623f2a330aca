/** The first ten of a list, and how many there are when there are more. */
export function firstOf(items: readonly string[]): string {
  const more = items.length > 10 ? ` … (${items.length} in all)` : "";
  return items.slice(0, 10).join(", ") + more;
}
