const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d];
const [OPEN_OBJECT, CLOSE_OBJECT] = [0x7b, 0x7d];

export interface ShapeBounds {
  /** Lists and objects within each other. */
  readonly maxDepth: number;
  /** Lists, objects and their elements together. */
  readonly maxValues: number;
  /** Of all objects together. */
  readonly maxKeys: number;
}

/**
 * Whether a JSON text keeps within its bounds, seen before anything is built from it. One pass over the
 * bytes, without recursion; a text that is no JSON may pass, and fails when it is parsed.
 */
export function isWithinShape(json: Uint8Array, bounds: ShapeBounds): boolean {
  let [depth, values, keys, inText] = [0, 1, 0, false];
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
      continue;
    }
    if (byte === QUOTE) inText = true;
    else if (byte === COMMA) values++;
    else if (byte === COLON) keys++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth++;
      values++;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
    if (depth > bounds.maxDepth || values > bounds.maxValues || keys > bounds.maxKeys) return false;
  }
  return true;
}
