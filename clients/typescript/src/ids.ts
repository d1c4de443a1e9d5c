/**
 * Ids of invocations, made by the caller: UUIDs of version 7, so that a call that is sent twice is
 * one call. Ids made later sort later, which keeps the host's index of them compact.
 */

/** The last moment for which an id was made, and how many were made in it. */
let last = { moment: 0, count: 0 };

/** Of the 12 bits that count, half are left for counting up within a millisecond. */
const COUNT_MAX = 0xfff;

/** Makes an id: a UUID of version 7. */
export function newId(): string {
  const bytes = random(10);
  const view = new DataView(bytes.buffer);
  const now = Date.now();
  if (now > last.moment) {
    last = { moment: now, count: view.getUint16(0) & 0x7ff };
  } else if (last.count < COUNT_MAX) {
    // The clock may have been set back meanwhile: ids go on from the latest moment.
    last = { moment: last.moment, count: last.count + 1 };
  } else {
    last = { moment: last.moment + 1, count: 0 };
  }
  const moment = last.moment.toString(16).padStart(12, "0");
  const count = last.count.toString(16).padStart(3, "0");
  bytes[2] = (view.getUint8(2) & 0x3f) | 0x80;
  const rest = Array.from(bytes.subarray(2), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${moment.slice(0, 8)}-${moment.slice(8)}-7${count}-${rest.slice(0, 4)}-${rest.slice(4)}`;
}

function random(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  // Node 18 has no global `crypto`. An id must be unique, it need not be secret.
  if (globalThis.crypto === undefined) {
    return bytes.map(() => Math.floor(Math.random() * 256));
  }
  return globalThis.crypto.getRandomValues(bytes);
}
