const EVERY_MS_ON_TERMINAL = 250;
const EVERY_MS = 5000;

/** One line that is written over on a terminal, and repeated in a log. @returns how to end it. */
export function showProgress(describe: () => string): () => void {
  const isTerminal = process.stdout.isTTY;
  const show = () => {
    const line = describe();
    if (isTerminal) process.stdout.write(`\r\x1b[K${line.slice(0, process.stdout.columns - 1)}`);
    else console.log(line);
  };
  const timer = setInterval(show, isTerminal ? EVERY_MS_ON_TERMINAL : EVERY_MS);
  return () => {
    clearInterval(timer);
    if (isTerminal) process.stdout.write('\r\x1b[K');
    // In a log it stands how far a short run came, too.
    else show();
  };
}
