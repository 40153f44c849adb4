// English prose in o200k_base runs at 4.0 to 4.6 characters a token; 4 errs towards the smaller prompt.
const CHARACTERS_PER_TOKEN = 4;

/** A cheap estimate of how many tokens a text takes in a prompt. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}
