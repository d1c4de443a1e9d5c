/** Random numbers of the host, for tests. */

import { randomBytes } from "node:crypto";

export function getRandomBytes(length) {
  return new Uint8Array(randomBytes(Number(length)));
}
