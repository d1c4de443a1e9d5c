/** Bytes as base64 text and back, in Node and in browsers. */

/** How many bytes become one string at a time: as many arguments as every engine takes. */
const PIECE = 0x8000;

/** What Node has besides, and is many times faster. */
interface Buffers {
  from(buffer: ArrayBufferLike, start: number, length: number): { toString(encoding: "base64"): string };
}

/** Writes bytes as base64 text, with the standard alphabet and padding. */
export function toBase64(bytes: Uint8Array): string {
  const { Buffer } = globalThis as { Buffer?: Buffers };
  if (Buffer !== undefined) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  }
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + PIECE)));
  }
  return btoa(pieces.join(""));
}

/**
 * Reads base64 text.
 *
 * @throws DOMException if it is none
 */
export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) {
    bytes[at] = binary.charCodeAt(at);
  }
  return bytes;
}
