import { element } from '../shared/elements.js';
import { figuresPanel } from './panel.js';
import { wideTable } from './wide-table.js';

/** @typedef {{ label: string, data: (number | null)[], stack?: string, isLine?: boolean }} Series */

const COLOURS = ['--chart-1', '--chart-2', '--chart-3'];

/**
 * A chart with its figures beneath it: the picture for the eye, the table for everybody.
 * @param {object} what
 * @param {string} what.title
 * @param {'bar' | 'line'} what.type
 * @param {string} what.of what the labels are
 * @param {string[]} what.labels
 * @param {Series[]} what.series
 * @param {import('./csv.js').Table} what.table the same figures
 * @param {import('./csv.js').Save} what.save
 * @param {string} [what.unit]
 * @param {boolean} [what.isLying] bars from left to right
 * @returns {{ figure: HTMLElement, draw: () => any }} to draw once the figure is on the page
 */
export function chart({
  title,
  type,
  of,
  labels,
  series,
  table,
  save,
  unit = '',
  isLying = false,
}) {
  const names = series.map(({ label }) => label).join(', ');
  const canvas = element('canvas', {
    role: 'img',
    'aria-label': `${title}: ${names} by ${of}. The figures are in the table that follows.`,
  });
  const box = element('div', { class: isLying ? 'plot tall' : 'plot' }, canvas);
  const heads = [of, ...series.map(({ label }) => label)];
  const rows = labels.map((label, index) => [label, ...series.map(({ data }) => data[index])]);
  const figure = figuresPanel(title, table, save, box, figures(heads, rows));
  const draw = () => {
    const datasets = series.map(({ label, data, stack, isLine }, index) => ({
      label,
      data,
      ...look(colour(COLOURS[index % COLOURS.length] ?? '')),
      ...(stack && { stack }),
      // Lines are drawn over bars.
      ...(isLine && { type: 'line', order: -1 }),
    }));
    // A package that a browser cannot import by name: it comes by a script of its own.
    return new /** @type {any} */ (globalThis).Chart(canvas, {
      type,
      data: { labels, datasets },
      options: optionsOf(unit, isLying, series),
    });
  };
  return { figure, draw };
}

/** @param {string[]} heads @param {(string | number | null | undefined)[][]} rows */
function figures(heads, rows) {
  const body = rows.map(([label, ...values]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, label),
      ...values.map((value) => element('td', {}, value ?? '–')),
    ),
  );
  const table = wideTable('Figures', 'figures', heads, body);
  return element('details', {}, element('summary', {}, 'Figures'), table);
}

/** @param {string} value */
const look = (value) => ({
  borderColor: value,
  backgroundColor: value,
  borderWidth: 2,
  pointRadius: 2,
  tension: 0.25,
});

// The year is in the figures: without it, days stand side by side.
const DAYS = {
  maxRotation: 0,
  /** @this {any} @param {number} value */
  callback(value) {
    return this.getLabelForValue(value).slice('2026-'.length);
  },
};

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {string} unit @param {boolean} isLying @param {readonly Series[]} series */
function optionsOf(unit, isLying, series) {
  const scale = { grid: { color: colour('--line') }, ticks: { color: colour('--faint') } };
  const isStacked = series.some(({ stack }) => stack !== undefined);
  const value = {
    ...scale,
    beginAtZero: true,
    stacked: isStacked,
    title: { display: unit !== '', text: unit, color: colour('--faint') },
  };
  const label = { ...scale, stacked: isStacked, ticks: { ...scale.ticks, ...(!isLying && DAYS) } };
  return {
    animation: false,
    maintainAspectRatio: false,
    indexAxis: isLying ? 'y' : 'x',
    interaction: { mode: 'index', axis: isLying ? 'y' : 'x', intersect: false },
    scales: isLying ? { x: value, y: label } : { x: label, y: value },
    plugins: { legend: { display: series.length > 1, labels: { color: colour('--text') } } },
  };
}
