import { createRequire } from "node:module";
import type TypeScript from "typescript";
import { uniqueId, type Cell, type Notebook } from "./document.js";

export type ParameterValue = string | number | boolean | null | ParameterValue[] | { [key: string]: ParameterValue };
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** Reads `name=value`; the value is JSON where it parses as such, else text. @throws Error without a valid name */
export function parseParameter(argument: string): [name: string, value: ParameterValue] {
  const match = /^([A-Za-z_$][\w$]*)=(.*)$/s.exec(argument);
  if (!match) throw new Error(`parameter "${argument}" is not of the form name=value`);
  const [, name = "", value = ""] = match;
  try {
    return [name, JSON.parse(value) as ParameterValue];
  } catch {
    return [name, value];
  }
}

/**
 * The notebook with a cell tagged `injected-parameters` after the one tagged `parameters`, which declares the given
 * names anew (papermill's convention; tslab lets a later cell do so). A declared type is repeated, so that a value
 * that does not fit it is a type error.
 *
 * Differs from papermill: a cell injected by an earlier run is always removed, so that a run without parameters uses
 * the notebook's own values.
 *
 * @throws Error for names that the parameters cell does not declare, values of another kind, and a missing cell
 */
export function injectParameters({ metadata, cells }: Notebook, parameters: Parameters): Notebook {
  const kept = cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  const names = Object.keys(parameters);
  if (names.length === 0) return { metadata, cells: kept };
  const index = kept.findIndex((cell) => cell.cell_type === "code" && hasTag(cell, "parameters"));
  const cell = kept[index];
  if (!cell)
    throw new Error(`no code cell is tagged "parameters", so ${names.join(", ")} cannot be set; tag one in JupyterLab`);
  const declared = declarations(cell.source);
  const unknown = names.filter((name) => !declared.has(name));
  if (unknown.length > 0)
    throw new Error(
      `unknown parameter ${unknown.join(", ")}; cell ${index + 1} declares ${[...declared.keys()].join(", ")}`,
    );
  const statements = Object.entries(parameters).map(([name, value]) => {
    const { type, kind } = declared.get(name) ?? {};
    if (kind !== undefined && kindOf(value) !== kind)
      throw new Error(
        `parameter ${name} is of kind ${kind} in cell ${index + 1}, not ${JSON.stringify(value)}${hint(name, value, kind)}`,
      );
    return `const ${name}${type === undefined ? "" : `: ${type}`} = ${JSON.stringify(value)};`;
  });
  const injected: Cell = {
    id: uniqueId("injected-parameters", new Set(kept.map(({ id }) => id))),
    cell_type: "code",
    source: ["// Parameters of this run", ...statements].join("\n"),
    metadata: { tags: ["injected-parameters"] },
    outputs: [],
    execution_count: null,
  };
  return { metadata, cells: kept.toSpliced(index + 1, 0, injected) };
}

interface Declaration {
  /** the type to declare the new value with */
  type?: string;
  /** of the literal that is the default, where no type is written */
  kind?: string;
}

/** The variables that a cell declares at its top level, by the compiler that the kernel itself uses. */
function declarations(source: string): Map<string, Declaration> {
  const ts = createRequire(require.resolve("tslab"))("@tslab/typescript-for-tslab") as typeof TypeScript;
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest);
  const found = new Map<string, Declaration>();
  for (const statement of file.statements.filter(ts.isVariableStatement))
    for (const { name, type, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name)) continue;
      if (type) found.set(name.text, { type: type.getText(file) });
      else found.set(name.text, initializer ? literalKind(ts, initializer) : {});
    }
  return found;
}

/** Numbers and booleans are declared with their general type, for `n === 500` must compile for every n. */
function literalKind(ts: typeof TypeScript, node: TypeScript.Expression): Declaration {
  const value = ts.isPrefixUnaryExpression(node) ? node.operand : node;
  if (ts.isNumericLiteral(value)) return { type: "number", kind: "number" };
  if (ts.isStringLiteralLike(value)) return { kind: "string" };
  if (ts.isArrayLiteralExpression(value)) return { kind: "array" };
  if (ts.isObjectLiteralExpression(value)) return { kind: "object" };
  const isBoolean = value.kind === ts.SyntaxKind.TrueKeyword || value.kind === ts.SyntaxKind.FalseKeyword;
  return isBoolean ? { type: "boolean", kind: "boolean" } : {};
}

function kindOf(value: ParameterValue): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function hint(name: string, value: ParameterValue, kind: string): string {
  return kind === "string" ? `; write '${name}=${JSON.stringify(JSON.stringify(value))}' for a text` : "";
}

function hasTag({ metadata }: Cell, tag: string): boolean {
  return metadata.tags?.includes(tag) ?? false;
}
