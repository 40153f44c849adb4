import { Presets, SingleBar } from 'cli-progress';

const LINE_EVERY_MS_WITHOUT_TERMINAL = 2000;

/** Shows how far a tool is. @param doing such as `verifying` */
export function progressBar(doing: string): SingleBar {
  return new SingleBar(
    {
      format: `${doing} {bar} {percentage} % | {value} of {total} | {eta_formatted} left`,
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS_WITHOUT_TERMINAL,
    },
    Presets.shades_classic,
  );
}
