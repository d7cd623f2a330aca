const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * An ISO 8601 date, or date and time; without an offset it is UTC, as all times of a store are.
 * @returns undefined when it is none, or the day does not exist
 */
export function parseTime(text: string): Date | undefined {
  const [whole, day, clock = "00:00", zone = "Z"] = ISO.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const midnight = new Date(`${day}T00:00Z`);
  // V8 takes 31 February for 3 March
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  const time = new Date(`${day}T${clock}${zone}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
