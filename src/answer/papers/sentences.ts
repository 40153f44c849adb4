const SEGMENTER = new Intl.Segmenter('en', { granularity: 'sentence' });

// The Unicode rules end a sentence after these when a capital or a digit follows; prose of papers does not.
// After "U.S." and the like it sometimes does: then two sentences stay one, which is no broken sentence.
const ABBREVIATION = new RegExp(
  `(?:^|[\\s("'“‘[])(?:${[
    '(?:\\p{L}\\.)+\\p{L}|\\p{Lu}',
    'al|cf|vs|viz|resp|approx|ca|esp|incl|Ph\\.D',
    'Dr|Prof|Mr|Mrs|Ms|St|Mt|Jr|Sr|Dept|Univ|Inc|Corp|Ltd|Co|Eds?',
    'Figs?|Eqs?|Secs?|Ch|Chap|Refs?|Nos?|Vols?|pp|Tab|Alg|Thm|Def|Lem|Prop|Cor|App',
  ].join('|')})\\.$`,
  'u',
);
/** The number of an item that is still to come: "two steps: 1." or "2." */
const ITEM_NUMBER = /(?:^|[:;,] )\(?\d{1,2}\.$/u;
const COMPLETE = /[.!?…。！？]["'”’)\]]*$/u;
const BEGINS_LOWER_CASE = /^["'“‘([]*\p{Ll}/u;
// An imported text may carry marks of its own; beside the answer's [1] they would name the wrong source.
const REFERENCE_MARK = / ?\[\d+(?:\s*[,–-]\s*\d+)*\]/gu;

/**
 * The sentences of a prose text, each whole, on one line and fit to be quoted by itself.
 * Headings and other fragments without an end are left out, unless the text has nothing else.
 */
export function sentencesOf(text: string): string[] {
  const sentences = text
    .split(/\n\s*\n/u)
    .map((paragraph) => paragraph.replace(/\s+/gu, ' ').replace(REFERENCE_MARK, '').trim())
    .flatMap(joinBroken);
  const complete = sentences.filter((sentence) => COMPLETE.test(sentence));
  return complete.length > 0 ? complete : sentences;
}

function joinBroken(paragraph: string): string[] {
  const sentences: string[] = [];
  for (const { segment } of SEGMENTER.segment(paragraph)) {
    const before = sentences.at(-1);
    if (before !== undefined && isBroken(before, segment)) {
      sentences[sentences.length - 1] = before + segment;
    } else {
      sentences.push(segment);
    }
  }
  return sentences.map((sentence) => sentence.trim()).filter((sentence) => sentence !== '');
}

function isBroken(before: string, next: string): boolean {
  const text = before.trimEnd();
  return (
    ABBREVIATION.test(text) ||
    ITEM_NUMBER.test(text) ||
    BEGINS_LOWER_CASE.test(next) ||
    // An opening bracket that is never closed is a slip, no reason to swallow the rest of the text.
    (hasOpenBracket(before) && /[)\]”"]/u.test(next))
  );
}

function hasOpenBracket(text: string): boolean {
  return (
    ['()', '[]', '“”'].some(([open, close]) => count(text, open!) > count(text, close!)) ||
    count(text, '"') % 2 === 1
  );
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
