/**
 * A real host for a suite: the one that `WINDLASS_SERVER` names, or one of the binary that
 * `WINDLASS_BIN` names, with a folder of its own that is gone afterwards.
 */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import { Client, type Upload } from "../src/index.js";

const { WINDLASS_SERVER, WINDLASS_BIN, WINDLASS_TEST_GUESTS, CI } = process.env;

/** The folder of this package. */
export const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** Why suites with a host are passed over; false where there is one. A missing host fails in CI. */
export const SKIP =
  WINDLASS_SERVER === undefined && WINDLASS_BIN === undefined && CI === undefined
    ? "no host: set WINDLASS_SERVER, or WINDLASS_BIN to a windlass binary"
    : false;

/** Has a host for the tests of this suite; the function gives its client. */
export function useHost(): () => Client {
  let client: Client | undefined;
  let stop = async (): Promise<void> => {};
  before(async () => {
    if (WINDLASS_SERVER !== undefined) {
      client = Client.fromEnv();
      return;
    }
    const host = await start();
    client = new Client(host.server);
    stop = host.stop;
  });
  after(() => stop());
  return () => {
    if (client === undefined) {
      throw new Error("the host has not been started");
    }
    return client;
  };
}

/** Uploads `hello`, or a component of `WINDLASS_TEST_GUESTS`. */
export async function upload(client: Client, name: string, rest: Partial<Upload> = {}): Promise<void> {
  await client.components.upload(await readFile(guest(name)), { name, version: "0.1.0", ...rest });
}

/** The file of a component. */
export function guest(name: string): string {
  if (name === "hello") {
    return join(PACKAGE, "../../host/assets/hello.wasm");
  }
  if (WINDLASS_TEST_GUESTS === undefined) {
    throw new Error("set WINDLASS_TEST_GUESTS to the folder of flows.wasm and types.wasm");
  }
  return join(WINDLASS_TEST_GUESTS, `${name}.wasm`);
}

/** The binary. */
export function windlass(): string {
  if (WINDLASS_BIN === undefined) {
    throw new Error("set WINDLASS_BIN to a windlass binary");
  }
  return WINDLASS_BIN;
}

/** Starts a host, on this port if one is given and with this folder if it has been there before. */
export async function start(
  options: { port?: number; data?: string } = {},
): Promise<{ server: string; data: string; stop: () => Promise<void>; kill: () => Promise<void> }> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), "windlass-client-")));
  const listen = `127.0.0.1:${options.port ?? 0}`;
  const child = spawn(windlass(), ["serve", "--listen", listen, "--data", data], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const server = await new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the host ended before it listened (${code})`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /listening on (\S+)/.exec(line)?.[1];
      if (found !== undefined) {
        resolve(found);
      }
    });
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  const stop = async (): Promise<void> => {
    await kill();
    await rm(data, { recursive: true, force: true });
  };
  return { server, data, stop, kill };
}
