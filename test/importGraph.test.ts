import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const lib = join(import.meta.dirname, "../lib");
const files = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

/** Folders that a file in the given folder may import from, besides its own. */
const allowed: Record<string, string[]> = {
  core: [],
  text: ["core", "data"],
  data: ["core", "text"],
  loss: ["core"],
  optim: ["core"],
  weighting: ["core"],
  bilevel: ["core", "optim"],
  model: ["core", "data", "text", "loss", "weighting", "bilevel", "image"],
  vlm: ["core", "data", "text", "loss", "weighting", "bilevel", "optim", "image", "checkpoint", "model"],
  select: ["core", "data", "text"],
  tracker: ["core", "data", "select"],
  figures: ["core"],
  report: ["core", "figures", "tracker"],
  views: ["core", "tracker", "figures"],
  notebook: ["core"],
  image: ["core", "data"],
  checkpoint: ["core"],
  sampling: ["core", "data", "text", "tracker"],
};

function imports(file: string): { target: string; typeOnly: boolean }[] {
  const source = readFileSync(join(lib, file), "utf8");
  const pattern =
    /^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|^import\s+()"([^"]+)"|\bimport\(()"([^"]+)"\)/gms;
  return [...source.matchAll(pattern)].map((m) => ({ target: m[2] ?? m[4] ?? m[6], typeOnly: m[1] !== undefined }));
}

const folder = (file: string) => file.split("/")[0];
const resolved = (file: string, target: string) => relative(lib, join(lib, dirname(file), target));

test("imports point one way: each folder uses only the ones it may", () => {
  const wrong = files.flatMap((file) => {
    const may = allowed[folder(file)];
    if (may === undefined) return []; // index.ts and cli compose
    return imports(file)
      .filter(({ target }) => target.startsWith("."))
      .map(({ target }) => folder(resolved(file, target)))
      .filter((used) => used !== folder(file) && !may.includes(used))
      .map((used) => `lib/${file} imports from lib/${used}`);
  });
  expect(wrong).toEqual([]);
});

test("tracker, figures, report, views, notebook and image reach no TensorFlow.js, over any path", () => {
  const reached = new Set<string>();
  const tensorflow: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { target, typeOnly } of imports(file)) {
      if (typeOnly) continue;
      if (target.startsWith("@tensorflow/")) tensorflow.push([...path, file, target].join(" → "));
      if (target.startsWith(".")) visit(resolved(file, target).replace(/\.js$/, ".ts"), [...path, file]);
    }
  };
  for (const file of files.filter((f) =>
    ["tracker", "figures", "report", "views", "notebook", "image"].includes(folder(f)),
  ))
    visit(file, []);
  expect(tensorflow).toEqual([]);
  expect(reached.size).toBeGreaterThan(20);
});

test("no import goes round in a circle", () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file) || path.includes(file)) return;
    for (const { target, typeOnly } of imports(file)) {
      if (!typeOnly && target.startsWith(".")) visit(resolved(file, target).replace(/\.js$/, ".ts"), [...path, file]);
    }
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});
