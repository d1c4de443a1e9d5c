/**
 * Bundles a project's entry point with the author's source and the SDK into one module, by esbuild.
 * `windlass build` calls it with a file of settings.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";

import { lines } from "./lines.mjs";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { project, tools, sdk, generated, engine, to } = settings;
const modules = JSON.parse(readFileSync(join(generated, "modules.json"), "utf8"));
const packages = JSON.parse(readFileSync(join(sdk, "package.json"), "utf8"));
const require = createRequire(join(tools, "node_modules", "x.js"));
const esbuild = require("esbuild");

/** Where what QuickJS lacks lies, by the file that brings it. */
const MISSING = {
  "crypto.js": ["crypto"],
  "text.js": ["TextEncoder", "TextDecoder"],
  "clone.js": ["structuredClone"],
  "url.js": ["URL", "URLSearchParams"],
  "timers.js": [
    "setTimeout",
    "setInterval",
    "setImmediate",
    "queueMicrotask",
    "fetch",
    "clearTimeout",
    "clearInterval",
    "clearImmediate",
  ],
};
/** StarlingMonkey has its own, but for random numbers that are not those of the build. */
const missing = engine === "quickjs" ? Object.keys(MISSING) : ["crypto.js"];
const WIT = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*\/[a-z]/;

const windlass = {
  name: "windlass",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({
      errors: [{ text: `${path} is a module of Node, which a sandbox has not` }],
    }));
    build.onResolve({ filter: /^@windlass\/guest(\/|$)/ }, ({ path }) => {
      if (path === "@windlass/guest/testing") {
        return { errors: [{ text: `${path} is for tests: a component has nothing of it` }] };
      }
      const entry = packages.exports[`.${path.slice("@windlass/guest".length)}`];
      if (!entry) return { errors: [{ text: `the SDK has no module ${path}` }] };
      return { path: join(sdk, entry.default ?? entry), sideEffects: path.endsWith("/prelude") };
    });
    build.onResolve({ filter: WIT }, ({ path, importer }) => {
      const isOurs = importer.startsWith(sdk) || importer.startsWith(generated);
      if (isOurs) return { path, external: true };
      const plain = (id) => id.replace(/@[^@/]*$/, "");
      const found = modules.find(({ id }) => id === path || plain(id) === path);
      if (found) return { path: found.file };
      const there = modules.map(({ id }) => id).join(", ") || "none";
      return {
        errors: [{ text: `the world does not import ${path}`, notes: [{ text: `it imports: ${there}` }] }],
      };
    });
    build.onResolve({ filter: /^core-js-pure\// }, ({ path, importer }) =>
      importer.startsWith(sdk) ? { path: require.resolve(path), sideEffects: false } : undefined,
    );
  },
};

/** core-js is large: minified before, it takes half the room in the component. */
const URLS = "url.js";
const small = join(generated, URLS);

function minified() {
  return esbuild.build({
    absWorkingDir: project,
    entryPoints: [join(sdk, "src", "missing", URLS)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outfile: small,
    plugins: [windlass],
    logLevel: "silent",
  });
}

/** The bundle, with these files put in where a module uses what they bring. */
function bundled(missing) {
  const names = missing.flatMap((file) => MISSING[file]);
  return esbuild.build({
    absWorkingDir: project,
    entryPoints: [join(generated, "entry.js")],
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    write: false,
    sourcemap: "external",
    outfile: to,
    inject: missing.map((file) => (file === URLS ? small : join(sdk, "src", "missing", file))),
    define: {
      ...Object.fromEntries(names.map((name) => [`globalThis.${name}`, name])),
      "process.env.NODE_ENV": '"production"',
      "globalThis.__windlass_waits": String(engine === "starlingmonkey"),
      "globalThis.__windlass_quickjs": String(engine === "quickjs"),
    },
    conditions: ["import", "module", "default"],
    mainFields: ["module", "main"],
    plugins: [windlass],
    logLevel: "silent",
  });
}

/** The files of which something is named in the bundle. */
function used(files, text) {
  return files.filter((file) => MISSING[file].some((name) => new RegExp(`\\b${name}\\b`).test(text)));
}

try {
  let result = await bundled([]);
  const needed = used(missing, result.outputFiles[1].text);
  if (needed.includes(URLS)) await minified();
  if (needed.length) result = await bundled(needed);
  const [map, code] = result.outputFiles;
  const places = lines(JSON.parse(map.text), (source) => {
    const file = resolve(to, "..", source);
    return file.startsWith(sdk) || file.startsWith(generated) ? null : relative(project, file);
  });
  writeFileSync(`${to}.lines.json`, JSON.stringify(places));
  // esbuild keeps exports at the end of a module; this may stand after them.
  writeFileSync(to, `${code.text}\nglobalThis.__windlass_lines = ${JSON.stringify(places)};\n`);
} catch (error) {
  if (!error.errors) throw error;
  const told = error.errors.map(({ text, location, notes }) => {
    const place = location ? `${location.file}:${location.line}:${location.column + 1}: ` : "";
    return [place + text, ...notes.map((note) => `  ${note.text}`)].join("\n");
  });
  console.error(told.join("\n"));
  process.exitCode = 1;
}
