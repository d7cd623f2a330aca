import { flatten } from "../plain.js";
import type { RunSummary } from "../runRecord.js";
import { FIELDS } from "./fields.js";
import { nearest } from "./nearest.js";

type Root = "params" | "summary" | "metrics";

/** "; did you mean …?" with the likeliest names, else what there is. Without a root anything may have been meant. */
export function suggestion(name: string, runs: readonly RunSummary[], root?: Root): string {
  const roots: readonly Root[] = root ? [root] : ["params", "metrics", "summary"];
  const names = roots.flatMap((part) =>
    namesOf(part, runs).map((found) => [found, `${part}.${written(found)}`] as const),
  );
  const fields = root ? [] : Object.keys(FIELDS).map((field) => [field, field] as const);
  const spelled = new Map([...names, ...fields].reverse()); // of equal names the first root's
  const near = nearest(name, [...spelled.keys()].reverse()).map((found) => spelled.get(found));
  if (near.length > 0) return `; did you mean ${near.join(" or ")}?`;
  const some = names.slice(0, 8).map(([found]) => found);
  return root && some.length > 0 ? `; there are ${some.join(", ")}${names.length > some.length ? ", …" : ""}` : ".";
}

function namesOf(root: Root, runs: readonly RunSummary[]): string[] {
  const flat = (part: "params" | "summary") => runs.flatMap((run) => Object.keys(flatten(run[part])));
  const all =
    root === "metrics" ? [...runs.flatMap((run) => Object.keys(run.digests)), ...flat("summary")] : flat(root);
  return [...new Set(all)];
}

/** As a query spells it: in quotes where it holds other signs. */
const written = (name: string): string => (/^[\p{L}\p{N}_/@.]+$/u.test(name) ? name : JSON.stringify(name));
