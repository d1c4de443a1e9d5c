/**
 * Lets Node run the author's tests without a host: `node --import ./.windlass/sdk/testing/register.js
 * --test`. Imports of the SDK and of other components lead to stand-ins, TypeScript is stripped of its
 * types.
 */

import { register } from "node:module";

register("./hooks.js", import.meta.url);

const { begin } = await import("../src/life.js");
begin();
