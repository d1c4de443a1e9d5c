/** Makes a component with StarlingMonkey: `starlingmonkey.mjs TOOLS BUNDLE WIT WORLD OUT`. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, sourcePath, witPath, worldName, to] = process.argv.slice(2);
const folder = join(tools, "node_modules", "@bytecodealliance", "componentize-js");
const load = (file) => import(pathToFileURL(join(folder, file)).href);
const { splicer } = await load(join("lib", "spidermonkey-embedding-splicer.js"));
const { componentize } = await load(join("src", "componentize.js"));

/**
 * The engine reads the bits of a number that the bindings hand it: a u32 from 2^31 on, which is a
 * double, arrives as another number, and a negative s64 ends the instance. So they hand out the same
 * bits as what it reads rightly: 32 signed ones, 64 unsigned ones.
 */
const REPAIRED = [
  ["toUint32", (bits) => `return ${bits} | 0;`],
  ["toInt64", (bits) => `return BigInt.asUintN(64, ${bits});`],
];
const splice = splicer.spliceBindings;
splicer.spliceBindings = (...given) => {
  const spliced = splice(...given);
  for (const [name, returned] of REPAIRED) {
    const begins = `function ${name}(val) {`;
    const instead = `function ${name}(val) { ${returned(`${name}Bits(val)`)} }\nfunction ${name}Bits(val) {`;
    spliced.jsBindings = spliced.jsBindings.replace(begins, instead);
  }
  return spliced;
};

// What is not used is not imported: a workflow may import nothing of the network.
const fetches = /\bfetch\b/.test(readFileSync(sourcePath, "utf8"));
const disableFeatures = fetches ? ["fetch-event"] : ["fetch-event", "http"];
const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures });
writeFileSync(to, component);
