/**
 * One server-sent event.
 * @typedef {{ id: string | null, data: string }} ServerEvent
 */

/**
 * Reads server-sent events as they come, until the stream ends or is cut: both look alike to a proxy's clients.
 * Comments are left out, and so is an event that was cut in its middle. EventSource cannot be used: it knows neither POST nor headers.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<ServerEvent>}
 */
export async function* serverEvents(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => CUT);
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = readBlock(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** @type {{ done: true, value?: undefined }} */
const CUT = { done: true };

/** @param {string} block @returns {ServerEvent | null} */
function readBlock(block) {
  /** @type {string | null} */
  let id = null;
  /** @type {string[]} */
  const data = [];
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([^:]+):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  return data.length > 0 ? { id, data: data.join('\n') } : null;
}
