/** How Node finds what a sandbox would have: the SDK, the host, other components; and TypeScript. */

import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const sdk = fileURLToPath(new URL("..", import.meta.url));
const generated = join(sdk, "..", "gen");
const packages = JSON.parse(readFileSync(join(sdk, "package.json"), "utf8"));
const WIT = /^(?!node:)[a-z][a-z0-9-]*:[a-z][a-z0-9-]*\/[a-z]/;
const IMPORTED = "windlass-imported:";

/** Where a name leads. */
export async function resolve(name, context, next) {
  if (name === "@windlass/guest" || name.startsWith("@windlass/guest/")) {
    const entry = packages.exports[`.${name.slice("@windlass/guest".length)}`];
    if (!entry) throw new Error(`the SDK has no module ${name}`);
    return done(pathToFileURL(join(sdk, entry.default ?? entry)).href);
  }
  if (name.startsWith("windlass:host/")) return done(standIn(name.includes("workflow") ? "workflow" : "task"));
  if (name.startsWith("wasi:random/")) return done(standIn("random"));
  if (WIT.test(name)) return done(IMPORTED + name);
  return next(name, context);
}

const done = (url) => ({ url, shortCircuit: true });
const standIn = (name) => new URL(`./host-${name}.js`, import.meta.url).href;

/** What is there. */
export async function load(url, context, next) {
  if (url.startsWith(IMPORTED)) {
    return { format: "module", shortCircuit: true, source: imported(url.slice(IMPORTED.length)) };
  }
  if (url.startsWith("file:") && /\.[mc]?ts$/.test(new URL(url).pathname)) {
    const { code } = await esbuild().transform(await readFile(fileURLToPath(url), "utf8"), {
      loader: "ts",
      format: "esm",
      sourcemap: "inline",
      sourcefile: fileURLToPath(url),
    });
    return { format: "module", shortCircuit: true, source: code };
  }
  return next(url, context);
}

/** The functions of another component: those that a test gives. */
function imported(id) {
  const plain = (id) => id.replace(/@[^@/]*$/, "");
  const found = built("modules.json").find((module) => module.id === id || plain(module.id) === id);
  if (!found) throw new Error(`the world does not import ${id}`);
  const testing = JSON.stringify(new URL("./imports.js", import.meta.url).href);
  const lines = found.functions.map((name, at) => {
    const call = `call(${JSON.stringify(found.id)}, ${JSON.stringify(name)}, args)`;
    return `const f${at} = (...args) => ${call};\nexport { f${at} as ${name} };`;
  });
  return [`import { call } from ${testing};`, ...lines].join("\n");
}

/** A file that the build made. */
function built(name) {
  const file = join(generated, name);
  if (!existsSync(file)) throw new Error(`${file} is not there: run \`windlass build\` first`);
  return JSON.parse(readFileSync(file, "utf8"));
}

let transformer;
function esbuild() {
  const { tools } = built("bundle.json");
  return (transformer ??= createRequire(join(tools, "node_modules", "x.js"))("esbuild"));
}
