// Characters of the private use area, which are taken out of what is searched: so whatever the contents say, what
// begins and ends a hit is ours. The others stand for characters that a search engine takes for markup.
export const HIT_BEGIN = '\uE000';
export const HIT_END = '\uE001';
export const MARKUP = '<>&';
export const MARKUP_AWAY = '\uE002\uE003\uE004';

const HTML: Readonly<Record<string, string>> = {
  [HIT_BEGIN]: '<mark>',
  [HIT_END]: '</mark>',
  '\uE002': '&lt;',
  '\uE003': '&gt;',
  '\uE004': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML of a snippet with marked hits: no tag but `<mark>` is in it, whatever was said. */
export const htmlOfSnippet = (marked: string): string =>
  marked.replace(/[<>&"'\uE000-\uE004]/g, (character) => HTML[character]!);
