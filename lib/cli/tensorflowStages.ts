import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";

const TFJS_NODE = "@tensorflow/tfjs-node-gpu@4.22.0";
const PROTOBUF = "google-protobuf@^3.9.2"; // tfjs-node's one run-time dependency that we do not have
const TENSORFLOW = "2.21.*";

/** Where everything lies; all of it below one folder that can move with the project. */
export interface Layout {
  folder: string;
  packages: string;
  binding: string;
  downloads: string;
  log: string;
}

export function layoutOf(folder: string): Layout {
  return {
    folder,
    packages: join(folder, "node_modules"),
    binding: join(folder, "node_modules/@tensorflow/tfjs-node-gpu"),
    downloads: join(folder, "downloads"),
    log: join(folder, "setup.log"),
  };
}

export interface BuildRequest {
  python: string;
  gpu: boolean;
  /** a wheel that is already there, instead of pip's */
  wheel: string | undefined;
}

/** A step that can be taken again from its start, whatever an interrupted attempt left. */
export interface Stage {
  name: string;
  title: string;
  run: (layout: Layout, request: BuildRequest) => Promise<void>;
}

export const STAGES: readonly Stage[] = [
  { name: "packages", title: `fetch ${TFJS_NODE} from npm`, run: fetchPackages },
  { name: "wheel", title: "fetch TensorFlow from PyPI (270 MB; with CUDA about 3 GB)", run: fetchWheels },
  { name: "unpack", title: "unpack libtensorflow and its headers", run: unpack },
  { name: "compile", title: "compile the binding", run: compile },
];

async function fetchPackages({ folder, packages, log }: Layout): Promise<void> {
  const tarballs = emptied(join(folder, "tarballs"));
  await execute("npm", ["pack", "--silent", TFJS_NODE, PROTOBUF], { cwd: tarballs, log });
  emptied(packages);
  for (const [prefix, name] of [
    ["tensorflow-", "@tensorflow/tfjs-node-gpu"],
    ["google-protobuf-", "google-protobuf"],
  ] as const) {
    const tarball = readdirSync(tarballs).find((file) => file.startsWith(prefix));
    if (!tarball) throw new Error(`npm pack left no ${prefix}*.tgz in ${tarballs}`);
    const target = join(packages, name);
    mkdirSync(target, { recursive: true });
    await execute("tar", ["xzf", join(tarballs, tarball), "-C", target, "--strip-components=1"], { cwd: folder, log });
  }
  rmSync(tarballs, { recursive: true });
}

/** pip writes into a folder of its own, which gets its final name only when everything is there. */
async function fetchWheels({ folder, downloads, log }: Layout, { python, gpu, wheel }: BuildRequest): Promise<void> {
  rmSync(downloads, { recursive: true, force: true });
  const partial = emptied(join(folder, "downloads.partial"));
  const pip = (packages: string[]) =>
    execute(
      python,
      [
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--progress-bar=off",
        "--dest",
        partial,
        ...packages,
      ],
      { cwd: folder, log },
    );
  if (wheel === undefined) await pip([`${gpu ? "tensorflow" : "tensorflow-cpu"}==${TENSORFLOW}`]);
  if (gpu) await pip(cudaRequirements(python, wheel ?? onlyWheel(partial)));
  renameSync(partial, downloads);
}

function onlyWheel(folder: string): string {
  const wheel = readdirSync(folder).find((name) => name.startsWith("tensorflow"));
  if (!wheel) throw new Error(`pip left no TensorFlow wheel in ${folder}`);
  return join(folder, wheel);
}

/** The nvidia-* requirements that TensorFlow's wheel lists under its extra "and-cuda". */
function cudaRequirements(python: string, wheel: string): string[] {
  const script = `import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(z.read(next(n for n in z.namelist() if n.endswith(".dist-info/METADATA"))).decode())`;
  const { stdout, stderr, status } = spawnSync(python, ["-c", script, wheel], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${wheel} is no readable wheel: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  const requirements = [...stdout.matchAll(/^Requires-Dist: (nvidia-[^;]+);.*extra == ["']and-cuda["']/gm)].map((m) =>
    m[1].trim(),
  );
  if (requirements.length === 0)
    throw new Error(`${wheel} names no CUDA libraries; use a wheel of "tensorflow", not "tensorflow-cpu"`);
  return requirements;
}

/** zipfile checks every member's CRC. deps/nvidia beside deps/lib is where libtensorflow looks for CUDA (its run path). */
const UNPACK = `import os, shutil, sys, zipfile
target, wheels = sys.argv[1], sys.argv[2:]
headers = tuple("tensorflow/include/" + d for d in ("tensorflow/c/", "tensorflow/core/platform/", "tsl/", "xla/", "absl/"))
for wheel in wheels:
    with zipfile.ZipFile(wheel) as z:
        for name in z.namelist():
            if name.startswith(headers): path = name[len("tensorflow/"):]
            elif name.startswith("tensorflow/libtensorflow"): path = "lib/" + name.split("/")[1]
            elif name.startswith("nvidia/") and "/include/" not in name: path = name
            else: continue
            if name.endswith("/"): continue
            out = os.path.join(target, path)
            os.makedirs(os.path.dirname(out), exist_ok=True)
            with z.open(name) as source, open(out, "wb") as sink: shutil.copyfileobj(source, sink, 1 << 20)
            if z.getinfo(name).external_attr >> 16 & 0o111: os.chmod(out, 0o755)
`;

async function unpack({ folder, binding, downloads, log }: Layout, { python, wheel }: BuildRequest): Promise<void> {
  const deps = emptied(join(binding, "deps"));
  const fetched = readdirSync(downloads).map((name) => join(downloads, name));
  await execute(python, ["-c", UNPACK, deps, ...(wheel === undefined ? [] : [wheel]), ...fetched], {
    cwd: folder,
    log,
  });
  for (const [link, library] of [
    ["libtensorflow.so", "libtensorflow_cc.so.2"],
    ["libtensorflow_framework.so", "libtensorflow_framework.so.2"],
  ] as const) {
    symlinkSync(library, join(deps, "lib", link));
  }
}

/**
 * TensorFlow announces its CPU features and oneDNN on stderr, on some machines while its library is being loaded, through
 * a logger that heeds no environment variable. Loaded before it with its symbols made global, this function takes the
 * place of the one that writes; warnings and errors still show.
 */
const QUIET = `#include <node_api.h>
#include <cstdio>
#include "absl/base/config.h"
#include "absl/base/log_severity.h"
#include "absl/strings/string_view.h"

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace log_internal {
__attribute__((visibility("default"))) void WriteToStderr(absl::string_view message, absl::LogSeverity severity) {
  const bool preamble = message.find("before absl::InitializeLog()") != absl::string_view::npos;
  if (severity >= absl::LogSeverity::kWarning && !preamble) fwrite(message.data(), 1, message.size(), stderr);
}
}  // namespace log_internal
ABSL_NAMESPACE_END
}  // namespace absl

NAPI_MODULE_INIT() { return exports; }
`;

/** Operations of our own, from the same place in a clone and in the published package. */
const kernels = () =>
  ["kernels.cc", "run.h", "loops.h"].map((name) => ({
    name,
    text: readFileSync(resolve(__dirname, "../../lib/native", name), "utf8"),
  }));

/** Our modules before tfjs-node's; the flags let the compiler vectorise roots and sums, which NaN still passes through. */
const TARGETS = `{
    'target_name' : 'quiet',
    'sources' : ['binding/quiet.cc'],
    'include_dirs' : ['<(tensorflow_include_dir)'],
  }, {
    'target_name' : 'kernels',
    'sources' : ['binding/kernels.cc'],
    'include_dirs' : ['<(tensorflow_include_dir)'],
    'cflags_cc' : ['-std=c++17', '-O3', '-fno-math-errno', '-fno-trapping-math', '-fno-signed-zeros', '-fassociative-math'],
    'libraries' : ['-Wl,-rpath,\\$$ORIGIN/../../deps/lib', '-ltensorflow', '-ltensorflow_framework'],
    'library_dirs' : ['<(module_root_dir)/deps/lib'],
  }, `;

/** Of what we compile beside tfjs-node's own sources: a build of other sources is compiled again. */
export function sourcesSha256(): string {
  const texts = [QUIET, TARGETS, ...kernels().map(({ text }) => text)];
  return createHash("sha256").update(texts.join("\0")).digest("hex");
}

async function compile({ binding, downloads, log }: Layout): Promise<void> {
  writeFileSync(join(binding, "binding/quiet.cc"), QUIET);
  for (const { name, text } of kernels()) writeFileSync(join(binding, "binding", name), text);
  const gyp = join(binding, "binding.gyp");
  const untilTheirs = /'targets' : \[[^]*?(?=\{\s*'target_name' : 'tfjs_binding')/;
  writeFileSync(gyp, readFileSync(gyp, "utf8").replace(untilTheirs, `'targets' : [${TARGETS}`));
  // npm's own node-gyp, with npm's settings
  const flags = "--napi_build_version=8 --napi_version=8 --module_name=tfjs_binding --module_path=./lib/napi-v8";
  await execute("npm", ["exec", "-c", `node "$npm_config_node_gyp" rebuild ${flags}`], { cwd: binding, log });
  const built = emptied(join(binding, "lib/napi-v8"));
  for (const file of ["tfjs_binding.node", "quiet.node", "kernels.node"]) {
    cpSync(join(binding, "build/Release", file), join(built, file));
  }
  for (const rest of [join(binding, "build"), downloads]) rmSync(rest, { recursive: true, force: true });
}

function emptied(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a command into the log file; its last lines become the error. */
async function execute(command: string, args: string[], { cwd, log }: { cwd: string; log: string }): Promise<void> {
  const sink = openSync(log, "a");
  try {
    const start = readFileSync(log).length;
    const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      spawn(command, args, { cwd, stdio: ["ignore", sink, sink] })
        .on("error", reject)
        .on("close", (code, signal) => resolve(code ?? signal));
    });
    if (code === 0) return;
    const tail = readFileSync(log).subarray(start).toString().trimEnd().split("\n").slice(-15);
    throw new Error(
      [`${command} ${args[0] ?? ""} ended with ${code}:`, ...tail.map((line) => `  ${line}`), `whole log: ${log}`].join(
        "\n",
      ),
    );
  } finally {
    closeSync(sink);
  }
}
