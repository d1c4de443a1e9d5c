/**
 * Random numbers of the sandbox: xoshiro128**, seeded by the host at the first use. In a workflow
 * the host answers from the journal, so that a replay draws the same.
 */

import * as host from "wasi:random/random@0.2.6";

import { needsCall } from "./life.js";

/** The most that the host gives at once. */
const MOST = 65_536;

let state;

/** From 0 to 1, with 53 bits. */
export function number() {
  return ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000;
}

/** Fit for keys: each byte is the host's. */
export function bytes(length) {
  needsCall("random bytes");
  const made = new Uint8Array(length);
  for (let at = 0; at < length; at += MOST) {
    made.set(host.getRandomBytes(BigInt(Math.min(MOST, length - at))), at);
  }
  return made;
}

function next() {
  state ??= new Uint32Array(Uint8Array.from(host.getRandomBytes(16n)).buffer);
  const turned = Math.imul(state[1], 5);
  const result = Math.imul((turned << 7) | (turned >>> 25), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = (state[3] << 11) | (state[3] >>> 21);
  return result;
}
