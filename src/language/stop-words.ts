const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/u));

/** English words that say nothing about a topic: left out of every text, indexed or asked. */
export const STOP_WORDS = words(`
  a about above after again against all also am an and any are aren't as at be because been before
  being below between both but by can can't cannot could couldn't did didn't do does doesn't doing
  don't down during each either else etc ever every few for from further had hadn't has hasn't have
  haven't having he he'd he'll her here hers herself him himself his how however i i'd i'll i'm i've
  if in into is isn't it it'd it'll its itself just let may me might more most much must mustn't my
  myself neither no nor not now of off on once only or other our ours ourselves out over own per
  quite rather same shall shan't she she'd she'll should shouldn't since so some such than that the
  their theirs them themselves then there these they they'd they'll they're they've this those though
  through thus to too under until up upon us very via was wasn't we we'd we'll we're we've were
  weren't what when where whether which while who whom whose why will with within without won't
  would wouldn't yes yet you you'd you'll you're you've your yours yourself yourselves
`);

/** Words of asking rather than of what is asked about: left out of questions, kept in papers. */
export const ASKING_WORDS = words(`
  actually another answer anything ask asked asking asks basically become becomes becoming beginner
  beginners believe big bring call called cause caused causes clarify come comes common compare
  compared compares comparison continue could deal define defined definition describe described
  detail detailed details difference differences differ different differs easy elaborate else
  especially exactly example examples expand explain explained favour find first follow following full
  general get gets getting give given gives go goes going good great happen happened happening happens
  hard heard help helps idea important instance kind kinds know known last lately learn like list
  less likely little long look lot main make makes making many matter matters mean meaning mention mentioned
  name named need needed needs nowadays often old one overview particular people pick please point popular
  possible practice question real really reason reasons recent recently regarding related say says
  second see sense set sets short show shows simple simply something sort start still stop summarise
  summarize summary take talk teach tell tells term terms thing things think today true try turn
  two type types understand use used useful uses using usually various want wants way ways well wonder
  work worked working works write wrote year years
`);

/** Words that point back to what was said before. */
export const POINTING_WORDS = words(`
  it it'd it'll its itself that these they them their theirs this those he him his she her hers both
  former latter one same such there
`);

// The name of a variable or an axis: one Latin letter matches everywhere and says nothing.
const SINGLE_LETTER = /^[a-z]$/u;

export function isContentWord(word: string): boolean {
  return !STOP_WORDS.has(word) && !SINGLE_LETTER.test(word);
}
