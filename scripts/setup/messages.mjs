/** What stops the set-up and is the user's to mend: shown as it is, without a stack. */
export class SetupError extends Error {}

/** One step, one line. @param {string} line */
export function say(line) {
  console.log(line);
}
