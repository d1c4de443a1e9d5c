/** Lists that come in pages. */

import type { Page } from "./wire/index.js";

/**
 * A list on a host, read page by page while it is iterated over.
 *
 * @example
 * for await (const invocation of client.invocations({ queue: "mail", state: "failed" })) {
 *   console.log(invocation.id);
 * }
 */
export class Pages<T> implements AsyncIterable<T> {
  readonly #fetch: (page: string | undefined) => Promise<Page<T>>;

  /** A list whose pages are fetched so, the first without a name. */
  constructor(fetch: (page: string | undefined) => Promise<Page<T>>) {
    this.#fetch = fetch;
  }

  /** The items, one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) {
      yield* page.items;
    }
  }

  /** The pages, one by one. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let next: string | null = null;
    do {
      const page: Page<T> = await this.#fetch(next ?? undefined);
      yield page;
      next = page.next;
    } while (next !== null);
  }

  /** All items, or the first so many. */
  async toArray(limit = Infinity): Promise<T[]> {
    const items: T[] = [];
    if (limit <= 0) {
      return items;
    }
    for await (const item of this) {
      items.push(item);
      if (items.length >= limit) {
        break;
      }
    }
    return items;
  }
}
