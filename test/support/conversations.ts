import type { ConversationDto } from '../../src/conversations/conversation.dto.js';
import type { ConversationListDto, TurnPageDto } from '../../src/conversations/lists.dto.js';
import type { TurnDto } from '../../src/conversations/turn.dto.js';
import type { HttpClient, Reply } from './http-client.js';

type Headers = Record<string, string>;

/** One user's way to their own conversations. */
export class OwnClient {
  constructor(
    private readonly service: HttpClient,
    readonly headers: Headers = {},
  ) {}

  list(query = ''): Promise<Reply<ConversationListDto>> {
    return this.get(`/conversations${query}`);
  }

  read(id: string, more: Headers = {}): Promise<Reply<ConversationDto>> {
    return this.get(`/conversations/${id}`, more);
  }

  turns(id: string, query = ''): Promise<Reply<TurnPageDto>> {
    return this.get(`/conversations/${id}/turns${query}`);
  }

  turn(id: string, turnId: string): Promise<Reply<TurnDto>> {
    return this.get(`/conversations/${id}/turns/${turnId}`);
  }

  change(id: string, body: unknown): Promise<Reply<ConversationDto>> {
    return this.service.request('PATCH', `/conversations/${id}`, { headers: this.headers, body });
  }

  /** Begins a conversation, or goes on with one; gives its id and the turn's. */
  async say(query: string, id: string | null = null): Promise<{ id: string; turnId: string }> {
    const meta_params = { conversation_id: id };
    const { status, body } = await this.service.chat({ query, meta_params }, this.headers);
    if (status !== 200) throw new Error(`the turn got ${status}: ${JSON.stringify(body)}`);
    return { id: body.conversation_id!, turnId: body.turn_id! };
  }

  /** Every conversation of the list, page by page. @param between what happens after each page */
  async everything(limit: number, between: () => Promise<unknown> = async () => {}) {
    const listed: ConversationDto[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: Reply<ConversationListDto> = await this.list(
        `?limit=${limit}&cursor=${cursor}`,
      );
      listed.push(...body.data);
      cursor = body.next_cursor;
      await between();
    }
    return listed;
  }

  private get<Body>(path: string, more: Headers = {}): Promise<Reply<Body>> {
    return this.service.request('GET', path, { headers: { ...this.headers, ...more } });
  }
}
