import type { Exported } from '../conversation/owner-export.js';
import { ConversationDto } from './conversation.dto.js';
import { TurnDto } from './turn.dto.js';

// Each line by itself would be a write of its own.
const CHUNK_CHARACTERS = 16 * 1024;

/** NDJSON of what is exported, in chunks of whole lines; the last line counts those before, so a cut shows. */
export async function* exportLines(items: AsyncIterable<Exported>): AsyncGenerator<string> {
  let conversations = 0;
  let turns = 0;
  let chunk = '';
  for await (const item of items) {
    if (item.type === 'conversation') conversations++;
    else turns++;
    chunk += `${JSON.stringify(lineOf(item))}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  yield `${chunk}${JSON.stringify({ type: 'end', conversations, turns })}\n`;
}

function lineOf(item: Exported): object {
  const { type } = item;
  if (type === 'turn') {
    return Object.assign({ type, conversation_id: item.conversationId }, new TurnDto(item));
  }
  return Object.assign({ type }, new ConversationDto(item.conversation, item.unreadable));
}
