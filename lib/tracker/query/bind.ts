import { bindPath } from "./bindPath.js";
import { relation, sum } from "./operators.js";
import type { Bound, Scope } from "./scope.js";
import type { Binary, Node, Operator, Relation } from "./syntax.js";
import { kindOf, PENDING, phrase, type Value } from "./values.js";

/**
 * Turns a tree into functions of a run: names are looked up, and kinds checked as far as the query alone tells them.
 *
 * @throws QueryError
 */
export function bind(scope: Scope, node: Node): Bound {
  switch (node.kind) {
    case "literal":
      return { node, kind: node.value === null ? "null" : kindOf(node.value), of: () => node.value ?? undefined };
    case "list":
      return list(scope, node);
    case "path":
      return bindPath(scope, node);
    case "unary": {
      if (node.operator === "not") return not(node, bindCondition(scope, node.operand));
      const zero = bind(scope, { kind: "literal", at: node.at, value: 0 });
      return sum(scope, node, true, zero, bind(scope, node.operand));
    }
    case "binary":
      return binary(scope, node);
  }
}

/** What must be true or false; a run that lacks it does not match. */
export function bindCondition(scope: Scope, node: Node): Bound {
  const { kind, of } = bind(scope, node);
  if (kind !== "truth" && kind !== "any") {
    scope.fail(node.at, `expected a condition, such as status = "finished", got ${phrase(kind)}`);
  }
  const fit = scope.fit(node.at);
  return {
    node,
    kind: "truth",
    of: (subject) => {
      const value = of(subject);
      if (value === PENDING || value === undefined) return value ?? false;
      const truth = typeof value === "boolean" ? value : undefined;
      return fit(truth, () => `expected true or false, got ${phrase(kindOf(value))}`) ?? false;
    },
  };
}

function list(scope: Scope, node: Node & { kind: "list" }): Bound {
  const items = node.items.map((item) => bind(scope, item));
  const word = items.find(({ kind }) => kind === "null");
  if (word) scope.fail(word.node.at, "null can only be compared by = and !=");
  return {
    node,
    kind: "list",
    of: (subject) => {
      const values = items.map(({ of }) => of(subject));
      return values.includes(PENDING) ? PENDING : (values.filter((value) => value !== undefined) as unknown as Value);
    },
  };
}

function not(node: Node, { of }: Bound): Bound {
  const negate = (value: Value) => (value === PENDING ? PENDING : !value);
  return { node, kind: "truth", of: (subject) => negate(of(subject)) };
}

function binary(scope: Scope, node: Binary): Bound {
  const { operator, left, right } = node;
  if (operator === "and" || operator === "or") {
    const conditions = operands(node, operator).map((operand) => bindCondition(scope, operand));
    return junction(node, operator === "or", conditions);
  }
  if (operator === "+" || operator === "-") {
    return sum(scope, node, operator === "-", bind(scope, left), bind(scope, right));
  }
  const operand = (own: Node, other: Node) =>
    isNull(other) && own.kind === "path" ? bindPath(scope, own, true) : bind(scope, own);
  return relation(scope, node as Binary & { operator: Relation }, operand(left, right), operand(right, left));
}

const isNull = (node: Node): boolean => node.kind === "literal" && node.value === null;

/** Of `a or b or c`, which the parser made (a or b) or c: all three, so that a long chain is not deep. */
function operands(node: Node, operator: Operator): Node[] {
  const found: Node[] = [];
  let rest = node;
  for (; rest.kind === "binary" && rest.operator === operator; rest = rest.left) found.push(rest.right);
  return [rest, ...found.reverse()];
}

/** Kleene's and/or: what is pending does not matter where others decide. All are evaluated, so that misfits show. */
function junction(node: Node, decisive: boolean, conditions: readonly Bound[]): Bound {
  return {
    node,
    kind: "truth",
    of: (subject) => {
      let result: Value = !decisive;
      for (const { of } of conditions) {
        const value = of(subject);
        if (value === decisive || (result !== decisive && value === PENDING)) result = value;
      }
      return result;
    },
  };
}
