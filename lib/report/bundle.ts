import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, posix } from "node:path";
import type * as Compiler from "typescript";

const lib = join(__dirname, "..");

/**
 * The page's program: `page/main` and the modules that it reaches, as one classic script. They are modules like all
 * others here (checked, linted, tested); in the built package they lie compiled beside this file, and where the sources
 * run they are compiled now.
 */
export function pageScript(): string {
  const modules = new Map<string, string>();
  const visit = (id: string): void => {
    if (modules.has(id)) return;
    modules.set(id, "");
    const needed: string[] = [];
    const code = compiled(id).replace(/\brequire\("([^"]+)"\)/g, (_, target: string) => {
      if (!target.startsWith(".")) throw new Error(`lib/${id} imports ${target}, which a page has not`);
      const other = posix.join(posix.dirname(id), target).replace(/\.js$/, "");
      needed.push(other);
      return `require(${JSON.stringify(other)})`;
    });
    modules.set(id, `${JSON.stringify(id)}: (exports, require) => {\n${code.trim()}\n}`);
    needed.forEach(visit);
  };
  visit("report/page/main");
  const script = `(() => {
const modules = {
${[...modules.values()].join(",\n")}
};
const loaded = {};
const load = (id) => {
  if (!loaded[id]) modules[id]((loaded[id] = {}), load);
  return loaded[id];
};
load("report/page/main").main();
})();`;
  if (/<\/script|<!--/i.test(script)) throw new Error("the page's program holds text that would end its element");
  return script;
}

function compiled(id: string): string {
  const path = join(lib, id);
  const code = existsSync(`${path}.js`)
    ? readFileSync(`${path}.js`, "utf8")
    : compile(readFileSync(`${path}.ts`, "utf8"));
  return code.replace(/^\/\/# sourceMappingURL=.*$/m, "");
}

function compile(source: string): string {
  const ts = createRequire(join(__dirname, "x"))("typescript") as typeof Compiler;
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, verbatimModuleSyntax: false };
  return ts.transpileModule(source, { compilerOptions: options }).outputText;
}
