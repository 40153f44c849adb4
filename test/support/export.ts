import type { ConversationDto } from '../../src/conversations/conversation.dto.js';
import type { TurnDto } from '../../src/conversations/turn.dto.js';
import type { HttpClient, Reply } from './http-client.js';

export interface ConversationLine extends ConversationDto {
  readonly type: 'conversation';
  readonly unreadable?: true;
}

export interface TurnLine extends TurnDto {
  readonly type: 'turn';
  readonly conversation_id: string;
}

export interface EndLine {
  readonly type: 'end';
  readonly conversations: number;
  readonly turns: number;
}

export type ExportLine = ConversationLine | TurnLine | EndLine;

/** The lines of an export; what is no JSON fails. */
function linesOf(text: string): ExportLine[] {
  if (!text.endsWith('\n')) throw new Error('the last line was cut');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as ExportLine);
}

export interface TakenConversation extends ConversationLine {
  readonly turns: TurnLine[];
}

/** The conversations of a whole export, each with its turns as they followed it. @throws Error when it was cut. */
export function conversationsOf(text: string): TakenConversation[] {
  const lines = linesOf(text);
  const conversations: TakenConversation[] = [];
  let turns = 0;
  for (const line of lines.slice(0, -1)) {
    if (line.type === 'conversation') conversations.push({ ...line, turns: [] });
    else if (line.type === 'turn') {
      const of = conversations.at(-1);
      if (of?.conversation_id !== line.conversation_id) throw new Error('a turn is out of place');
      of.turns.push(line);
      turns++;
    } else throw new Error('the end is not the last line');
  }
  const end = { type: 'end', conversations: conversations.length, turns };
  if (JSON.stringify(lines.at(-1)) !== JSON.stringify(end)) throw new Error('the counts are wrong');
  return conversations;
}

/** Everything of a caller. @throws Error when the export fails or was cut. */
export async function takeAll(
  service: HttpClient,
  headers: Record<string, string>,
): Promise<TakenConversation[]> {
  const reply: Reply<string> = await service.request('GET', '/me/export', { headers });
  if (reply.status !== 200) throw new Error(`the export got ${reply.status}`);
  return conversationsOf(reply.body);
}
