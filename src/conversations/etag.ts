/** What `If-Match` of the chat routes takes, too. */
export const etagOf = (lastSeq: number): string => `"${lastSeq}"`;

/** Whether an `If-None-Match` names this tag; what cannot be read names none. */
export function namesEtag(header: string | undefined, etag: string): boolean {
  const names = (header ?? '').split(',').map((name) => name.trim().replace(/^W\//, ''));
  return names.includes(etag) || names.includes('*');
}
