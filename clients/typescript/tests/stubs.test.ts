/**
 * Stubs that `windlass client generate --lang typescript` writes: type-checked as strictly as a user
 * may have it, and used against a real host.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";

import { PACKAGE, SKIP, guest, upload, useHost, windlass } from "./host.js";

const run = promisify(execFile);

/** Where generated files and the program that uses them are compiled: below the package, which they
 * find by its own name. */
const FOLDER = join(PACKAGE, "build/generated");

const STRICT = {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    lib: ["ES2022", "DOM"],
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    noImplicitOverride: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
  },
};

const NO_BINARY = process.env["WINDLASS_BIN"] === undefined ? "no binary: set WINDLASS_BIN" : false;

describe("stubs", { skip: SKIP === false ? NO_BINARY : SKIP }, () => {
  const client = useHost();

  before(async () => {
    await upload(client(), "hello");
    await upload(client(), "types");
    await mkdir(FOLDER, { recursive: true });
    const { server } = client();
    // One from a file, one from a component on a host, whose version they then call.
    await generate("hello.ts", guest("hello"), server);
    await generate("types.ts", "types@0.1.0", server);
    await writeFile(join(FOLDER, "use.ts"), await readFile(join(PACKAGE, "tests/fixtures/use.ts")));
    await writeFile(join(FOLDER, "tsconfig.json"), JSON.stringify({ ...STRICT, files: ["use.ts"] }));
  });

  test("they type-check under tsc --strict, and every type goes to its task and comes back", async () => {
    await run(process.execPath, [join(PACKAGE, "node_modules/typescript/bin/tsc"), "-p", FOLDER]).catch(
      (error: { stdout?: string }) => assert.fail(error.stdout ?? String(error)),
    );

    const { pairs } = (await import(join(FOLDER, "use.js"))) as { pairs: (server: string) => Promise<[unknown, unknown][]> };
    const compared = await pairs(client().server);

    assert.ok(compared.length > 30);
    for (const [got, expected] of compared) {
      assert.deepEqual(got, expected);
    }
  });
});

async function generate(file: string, component: string, server: string): Promise<void> {
  const args = ["client", "generate", "--lang", "typescript", component, "--out", join(FOLDER, file)];
  await run(windlass(), args, { env: { ...process.env, WINDLASS_SERVER: server } });
}
