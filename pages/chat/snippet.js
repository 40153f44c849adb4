/** @typedef {{ text: string, isHit: boolean }} SnippetPart */

/** @type {Record<string, string>} */
const CHARACTERS = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#39;': "'" };

const MARKS = /<mark>(.*?)<\/mark>/s;
const ESCAPED = /&(?:lt|gt|amp|quot|#39);/g;

/**
 * What a search's snippet says, part by part. It comes as HTML in which nothing stands for itself but `<mark>`; here it
 * becomes text again, and whatever else were in it would be text, too.
 * @param {string} html
 * @returns {SnippetPart[]}
 */
export const partsOf = (html) =>
  // Of what is split at a group, each second piece is the group's.
  html
    .split(MARKS)
    .map((piece, index) => ({
      text: piece.replace(ESCAPED, (escaped) => CHARACTERS[escaped] ?? escaped),
      isHit: index % 2 === 1,
    }))
    .filter(({ text }) => text !== '');
