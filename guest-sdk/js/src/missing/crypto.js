/** `crypto`, as far as it is random numbers. */

import { bytes } from "../random.js";

export const crypto = {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof DataView) {
      throw new TypeError("crypto.getRandomValues takes an array of integers");
    }
    if (array.byteLength > 65_536) {
      throw new RangeError(`crypto.getRandomValues gives at most 65536 bytes, ${array.byteLength} were asked for`);
    }
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes(array.byteLength));
    return array;
  },

  randomUUID() {
    const drawn = bytes(16);
    drawn[6] = (drawn[6] & 0x0f) | 0x40;
    drawn[8] = (drawn[8] & 0x3f) | 0x80;
    const digits = Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
};
