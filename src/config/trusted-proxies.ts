import { isIP } from 'node:net';
import { InvalidEnvironment, type Variables } from './variables.js';

/** Whose X-Forwarded-For is believed: that many hops, or these addresses; null: nobody's. */
export type TrustedProxies = number | readonly string[] | null;

const MAX_HOPS = 16;

/** @throws InvalidEnvironment. */
export function readTrustedProxies(variables: Variables): TrustedProxies {
  const text = variables.text('TRUST_PROXY');
  if (text === undefined || text === '0') return null;
  if (/^\d+$/.test(text) && Number(text) <= MAX_HOPS) return Number(text);
  const ranges = text.split(',').map((range) => range.trim());
  if (ranges.every(isRange)) return ranges;
  const takes = `1 to ${MAX_HOPS} hops, or addresses and CIDRs, such as 10.0.0.0/8,fd00::/8`;
  throw new InvalidEnvironment('TRUST_PROXY', `"${text}"`, takes);
}

/** An address, or a CIDR; not one that takes in everybody. */
function isRange(text: string): boolean {
  const [, address = '', prefix] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const bits = { 4: 32, 6: 128 }[isIP(address)] ?? 0;
  return bits > 0 && (prefix === undefined || (Number(prefix) >= 1 && Number(prefix) <= bits));
}
