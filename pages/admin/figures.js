// How the admin page writes figures.

const count = new Intl.NumberFormat('en');

/** @param {number | null} value */
export const asCount = (value) => (value === null ? '–' : count.format(value));

/** So many of something. @param {number} value @param {string} one */
export const asMany = (value, one) => `${asCount(value)} ${one}${value === 1 ? '' : 's'}`;

/** @param {number | null} seconds */
export function asTime(seconds) {
  if (seconds === null) return '–';
  if (seconds < 1) return `${Math.round(seconds * 10_000) / 10} ms`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** @param {number | null} share */
export const asShare = (share) => (share === null ? '–' : `${Math.round(share * 100)} %`);
