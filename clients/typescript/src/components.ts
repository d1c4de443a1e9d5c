/** Uploading components, looking at them, granting them something. */

import { ProtocolError } from "./errors.js";
import type { RequestOptions } from "./limits.js";
import { Pages } from "./pages.js";
import type { Transport } from "./transport.js";
import type {
  Component,
  Grants,
  Page,
  PageQuery,
  TaskDefaults,
  UpgradeRequest,
  Upgraded,
  Upload,
} from "./wire/index.js";

/** How much longer than usual an answer may take for which workflows are executed again. */
const REPLAYING_MS = 600_000;

/**
 * The components of a host.
 *
 * @example
 * const component = await client.components.upload(await readFile("hello.wasm"), { name: "hello" });
 * console.log(component.tasks.map((task) => task.name));
 */
export class Components {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Uploads a component. The same bytes under the same version again change nothing; other bytes
   * under a version that exists are refused. */
  async upload(bytes: Uint8Array, upload: Upload, options?: RequestOptions): Promise<Component> {
    const request = { method: "POST", path: path(), query: { ...upload }, wasm: bytes } as const;
    return this.#transport.json(request, options);
  }

  /** All versions of all components. */
  list(query: PageQuery = {}, options?: RequestOptions): Pages<Component> {
    return new Pages((page) =>
      this.#transport.json({ path: path(), query: { ...query, page: page ?? query.page } }, options),
    );
  }

  /** All versions of a component, the highest last. */
  async versions(name: string, options?: RequestOptions): Promise<Component[]> {
    const page: Page<Component> = await this.#transport.json({ path: path(name) }, options);
    return page.items;
  }

  /** A component: this version, or the highest that is no pre-release. */
  async get(name: string, version?: string, options?: RequestOptions): Promise<Component> {
    if (version !== undefined) {
      return this.#transport.json({ path: path(name, version) }, options);
    }
    const versions = await this.versions(name, options);
    const found = versions.filter((one) => !isPreRelease(one.version)).at(-1) ?? versions.at(-1);
    if (found === undefined) {
      throw new ProtocolError(`${this.#transport.server}/v1/components/${name}`, "no version of a component that exists");
    }
    return found;
  }

  /** The interfaces of a component, as WIT text. */
  async wit(name: string, version: string, options?: RequestOptions): Promise<string> {
    return this.#transport.text({ path: path(name, version, "wit") }, options);
  }

  /** What a component may do beyond its sandbox. */
  async grants(name: string, options?: RequestOptions): Promise<Grants> {
    return this.#transport.json({ path: path(name, "grants") }, options);
  }

  /** Replaces what a component may do beyond its sandbox. What runs already keeps what it had. */
  async setGrants(name: string, grants: Grants, options?: RequestOptions): Promise<Grants> {
    return this.#transport.json({ method: "PUT", path: path(name, "grants"), json: grants }, options);
  }

  /** What holds for calls of a component's tasks that do not say otherwise, by the task's name. */
  async defaults(name: string, options?: RequestOptions): Promise<Record<string, TaskDefaults>> {
    return this.#transport.json({ path: path(name, "defaults") }, options);
  }

  /** Replaces what holds for calls of a component's tasks that do not say otherwise. */
  async setDefaults(
    name: string,
    tasks: Record<string, TaskDefaults>,
    options?: RequestOptions,
  ): Promise<Record<string, TaskDefaults>> {
    return this.#transport.json({ method: "PUT", path: path(name, "defaults"), json: tasks }, options);
  }

  /** Moves the workflows of a component that are in flight to another version of it, those that
   * replay exactly with it. */
  async upgrade(name: string, request: UpgradeRequest = {}, options?: RequestOptions): Promise<Upgraded> {
    return this.#transport.json(
      { method: "POST", path: path(name, "upgrade"), json: request, waitingMs: REPLAYING_MS },
      options,
    );
  }
}

function path(...rest: string[]): string[] {
  return ["v1", "components", ...rest];
}

/** What stands behind a plus sign may have a minus sign in it. */
function isPreRelease(version: string): boolean {
  return version.split("+", 1)[0]?.includes("-") ?? false;
}
