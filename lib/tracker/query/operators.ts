import type { Bound, Scope } from "./scope.js";
import type { Binary, Node, Relation } from "./syntax.js";
import { asTime, equal, holds, type Kind, kindOf, PENDING, phrase, type Present, type Value } from "./values.js";
import { nearest } from "./nearest.js";
import { parseTime } from "./time.js";

type Base = Exclude<Relation, `not ${string}` | "!=">;
type Static = Kind | "any";

/** Of values that {@link misfit} has let through. */
const TESTS: Readonly<Record<Base, (a: Present, b: Present) => boolean | undefined>> = {
  "=": equal,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  contains: (a, b) => (typeof a === "string" ? a.includes(b as string) : holds(a as readonly unknown[], b)),
  in: (a, b) => holds(b as readonly unknown[], a),
};

/** Why two kinds cannot be related; undefined when they can, or may. */
function misfit(relation: Base, a: Static, b: Static): string | undefined {
  if (relation === "in") {
    return b === "list" || b === "any"
      ? undefined
      : `in needs a list on its right, such as ["a", "b"], got ${phrase(b)}`;
  }
  if (relation === "contains") {
    const may = a === "list" || a === "any" || (a === "text" && (b === "text" || b === "any"));
    return may ? undefined : `contains needs a list on its left, or two texts, got ${phrase(a)} and ${phrase(b)}`;
  }
  if (a !== b && a !== "any" && b !== "any") return `cannot compare ${phrase(a)} with ${phrase(b)}`;
  const known = a === "any" ? b : a;
  const ordered = relation === "=" || known === "any" || known === "number" || known === "text" || known === "time";
  return ordered ? undefined : `${relation} orders numbers, texts and times, not ${phrase(known)}`;
}

/**
 * A relation of two values. False when a run lacks one of them, whatever the relation, unless the other is the word null.
 */
export function relation(scope: Scope, node: Binary & { operator: Relation }, left: Bound, right: Bound): Bound {
  const { operator, at } = node;
  if (left.kind === "null" || right.kind === "null") return absence(scope, node, left, right);
  const negated = operator === "!=" || operator.startsWith("not ");
  const base = (operator === "!=" ? "=" : operator.replace("not ", "")) as Base;
  checkValues(scope, left, right);
  checkValues(scope, right, left);
  const [a, b] = [
    right.kind === "time" ? timed(scope, left) : left,
    left.kind === "time" ? timed(scope, right) : right,
  ];
  const wrong = misfit(base, a.kind as Static, b.kind as Static);
  if (wrong !== undefined) scope.fail(at, wrong);
  const fit = scope.fit(at);
  return {
    node,
    kind: "truth",
    of: (subject) => {
      const x = a.of(subject);
      const y = b.of(subject);
      if (x === PENDING || y === PENDING) return PENDING;
      if (x === undefined || y === undefined) return false;
      const why = misfit(base, kindOf(x), kindOf(y));
      const unlike = () => why ?? `no item of the list is ${phrase(kindOf(base === "in" ? x : y))}`;
      const result = fit(why === undefined ? TESTS[base](x, y) : undefined, unlike) ?? false;
      return result !== negated;
    },
  };
}

function absence(scope: Scope, node: Binary, left: Bound, right: Bound): Bound {
  const [word, other] = right.kind === "null" ? [right, left] : [left, right];
  if (node.operator !== "=" && node.operator !== "!=")
    scope.fail(word.node.at, "null can only be compared by = and !=");
  return {
    node,
    kind: "truth",
    of: (subject) => {
      const value = other.of(subject);
      return value === PENDING ? PENDING : (value === undefined) === (node.operator === "=");
    },
  };
}

const literals = (node: Node): Node[] => (node.kind === "list" ? [...node.items] : [node]);

/** A text that the field never is would match nothing, silently. */
function checkValues(scope: Scope, { field, node: path }: Bound, other: Bound): void {
  const values = field?.values;
  if (!values || path.kind !== "path") return;
  for (const node of literals(other.node)) {
    if (node.kind !== "literal" || typeof node.value !== "string" || values.includes(node.value)) continue;
    const [near] = nearest(node.value, values);
    const meant = near === undefined ? "" : `; did you mean "${near}"?`;
    scope.fail(node.at, `${path.segments[0].text} is one of ${values.join(", ")}${meant}`);
  }
}

/** What is compared with a time: texts are read as times. */
function timed(scope: Scope, bound: Bound): Bound {
  for (const node of literals(bound.node)) {
    if (node.kind !== "literal" || typeof node.value !== "string" || parseTime(node.value)) continue;
    scope.fail(node.at, `expected a time, such as "2026-11-21" or "2026-11-21T09:30" (UTC), got "${node.value}"`);
  }
  return { ...bound, kind: bound.kind === "text" ? "time" : bound.kind, of: (subject) => asTime(bound.of(subject)) };
}

/** a + b or a − b of numbers, of a time and a duration, or of two times, whose difference is a duration. */
export function sum(scope: Scope, node: Node, minus: boolean, left: Bound, right: Bound): Bound {
  const why = (a: Bound["kind"], b: Bound["kind"]) =>
    minus ? `cannot subtract ${phrase(b)} from ${phrase(a)}` : `cannot add ${phrase(a)} and ${phrase(b)}`;
  const kind = sumKind(left.kind, right.kind, minus) ?? scope.fail(node.at, why(left.kind, right.kind));
  const fit = scope.fit(node.at);
  const add = (a: Value, b: Value): Value => {
    const kind = sumKind(kindOf(a as Present), kindOf(b as Present), minus);
    if (kind === undefined) return undefined;
    const total = Number(a) + (minus ? -1 : 1) * Number(b);
    return kind === "time" ? new Date(total) : total;
  };
  return {
    node,
    kind,
    of: (subject) => {
      const a = left.of(subject);
      const b = right.of(subject);
      if (a === PENDING || b === PENDING) return PENDING;
      if (a === undefined || b === undefined) return undefined;
      return fit(add(a, b), () => why(kindOf(a), kindOf(b)));
    },
  };
}

function sumKind(a: Bound["kind"], b: Bound["kind"], minus: boolean): "number" | "time" | "any" | undefined {
  const summand = (kind: Bound["kind"]) => kind === "number" || kind === "time" || kind === "any";
  if (!summand(a) || !summand(b)) return undefined;
  if (a === "any" || b === "any") return "any";
  if (a === b) return a === "number" || minus ? "number" : undefined;
  return a === "time" || !minus ? "time" : undefined;
}
