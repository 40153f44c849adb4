/** The connection ended before the reply did. */
export class ReplyCut extends Error {
  override readonly name = 'ReplyCut';
}

/** A reply that no working server sends: garbage, a page of HTML, an error in place of an answer. */
export class ReplyUnreadable extends Error {
  override readonly name = 'ReplyUnreadable';

  constructor(
    message: string,
    /** The server's own word, where it gave one, that the request is at fault: a status of 4xx. */
    readonly blamesRequest = false,
  ) {
    super(message);
  }

  /** For an error in a reply that began like an answer. What the server says stays unsaid: it may quote the question. */
  static of(error: unknown): ReplyUnreadable {
    const { status, code } = (typeof error === 'object' ? error : {}) as Record<string, unknown>;
    const blamesRequest = [status, code].some(
      (value) => Number(value) >= 400 && Number(value) < 500,
    );
    return new ReplyUnreadable('the server reports an error in its reply', blamesRequest);
  }
}

/** A stream that said nothing for too long. */
export class Silence extends Error {
  // The name that AbortSignal.timeout gives to a deadline.
  override readonly name = 'TimeoutError';
}

/** The time does not suffice for another try after the one that failed with the cause. */
export class NoTimeLeft extends Error {
  override readonly name = 'TimeoutError';
}
