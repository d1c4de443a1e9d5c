/** `TextEncoder` and `TextDecoder` for UTF-8. */

const CHUNK = 4_096;

export class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    const given = String(text);
    const made = new Uint8Array(given.length * 3);
    return made.slice(0, fill(given, made).written);
  }

  encodeInto(text, into) {
    return fill(String(text), into);
  }
}

function fill(text, into) {
  let read = 0;
  let written = 0;
  while (read < text.length) {
    let code = text.codePointAt(read);
    const units = code > 0xffff ? 2 : 1;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (written + length > into.length) break;
    if (length === 1) into[written] = code;
    else {
      for (let at = length - 1; at > 0; at--) {
        into[written + at] = 0x80 | (code & 0x3f);
        code >>= 6;
      }
      into[written] = [0xc0, 0xe0, 0xf0][length - 2] | code;
    }
    written += length;
    read += units;
  }
  return { read, written };
}

export class TextDecoder {
  #rest = new Uint8Array();
  #isFirst = true;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!["utf-8", "utf8", "unicode-1-1-utf-8"].includes(String(label).trim().toLowerCase())) {
      throw new RangeError(`TextDecoder knows utf-8 here, not ${label}`);
    }
    this.encoding = "utf-8";
    this.fatal = Boolean(fatal);
    this.ignoreBOM = Boolean(ignoreBOM);
  }

  decode(input = new Uint8Array(), { stream = false } = {}) {
    let bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    if (this.#rest.length) {
      const joined = new Uint8Array(this.#rest.length + bytes.length);
      joined.set(this.#rest);
      joined.set(bytes, this.#rest.length);
      bytes = joined;
    }
    const units = [];
    let text = "";
    let at = 0;
    this.#rest = new Uint8Array();
    while (at < bytes.length) {
      const { code, length } = point(bytes, at);
      if (code === undefined && at + length >= bytes.length && stream && isBegun(bytes, at)) {
        this.#rest = bytes.slice(at);
        break;
      }
      if (code === undefined && this.fatal) {
        this.#isFirst = true;
        throw new TypeError(`byte ${at} is not UTF-8`);
      }
      const isMark = this.#isFirst && !this.ignoreBOM && code === 0xfeff;
      this.#isFirst = false;
      at += length;
      if (isMark) continue;
      const unit = code ?? 0xfffd;
      if (unit > 0xffff) units.push(0xd7c0 + (unit >> 10), 0xdc00 | (unit & 0x3ff));
      else units.push(unit);
      if (units.length >= CHUNK) text += String.fromCharCode.apply(null, units.splice(0));
    }
    if (!stream) this.#isFirst = true;
    return text + String.fromCharCode.apply(null, units);
  }
}

/** The character that begins here; without a code it is none, and so many bytes are passed over. */
function point(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return { code: first, length: 1 };
  const count = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4) return { length: 1 };
  let code = first & (0x3f >> count);
  for (let index = 1; index <= count; index++) {
    const byte = bytes[at + index];
    const least = index > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const most = index > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (byte === undefined || byte < least || byte > most) return { length: index };
    code = (code << 6) | (byte & 0x3f);
  }
  return { code, length: count + 1 };
}

/** Whether a character begins here whose end is still to come. */
function isBegun(bytes, at) {
  const first = bytes[at];
  if (first < 0xc2 || first > 0xf4) return false;
  const wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return bytes.length - at < wanted && point(bytes, at).length === bytes.length - at;
}
