/** Makes a component with StarlingMonkey: `starlingmonkey.mjs TOOLS BUNDLE WIT WORLD OUT`. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, sourcePath, witPath, worldName, to] = process.argv.slice(2);
const folder = join(tools, "node_modules", "@bytecodealliance", "componentize-js");
const { componentize } = await import(pathToFileURL(join(folder, "src", "componentize.js")).href);
const { component } = await componentize({ sourcePath, witPath, worldName });
writeFileSync(to, component);
