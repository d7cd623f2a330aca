/** A query as a tree. `at` is the index of a node's operator or first character in the source. */
export type Node =
  | { readonly kind: "literal"; readonly at: number; readonly value: null | boolean | number | string | Date }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly Node[] }
  | Path
  | { readonly kind: "unary"; readonly at: number; readonly operator: "not" | "-"; readonly operand: Node }
  | Binary;

/** `params.lower."learning-rate"`, `metrics.auc.at(100)` */
export interface Path {
  readonly kind: "path";
  readonly at: number;
  readonly segments: readonly Segment[];
  /** the argument of `at` */
  readonly step?: number;
}

export interface Segment {
  readonly text: string;
  readonly quoted: boolean;
}

export interface Binary {
  readonly kind: "binary";
  readonly at: number;
  readonly operator: Operator;
  readonly left: Node;
  readonly right: Node;
}

export type Relation = "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in" | "contains" | "not contains";
export type Operator = "or" | "and" | Relation | "+" | "-";

/** One key of an order. */
export interface SortKey {
  readonly node: Node;
  readonly descending: boolean;
}
