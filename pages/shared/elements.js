// Builds what is shown. Text goes in as text: nothing here, and no other way, makes markup of it.

/**
 * @typedef {string | number | Node | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>} Attributes
 */

/**
 * An element with its attributes, listeners (`onclick` and the like) and children. True is an attribute without a
 * value; null, undefined and false leave it away.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.replace(/^on/, ''), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false)
      made.setAttribute(name, String(value));
  }
  made.append(...shown(children));
  return made;
}

/** Puts these in the place of all that was in there. @param {Element} parent @param {...Child} children */
export function fill(parent, ...children) {
  parent.replaceChildren(...shown(children));
}

/** @param {readonly Child[]} children */
const shown = (children) =>
  children.flatMap((child) =>
    child === null || child === undefined || child === false
      ? []
      : [child instanceof Node ? child : String(child)],
  );

/**
 * What the page's markup has by this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} "${id}"`);
  return found;
}

const SVG = 'http://www.w3.org/2000/svg';

const ICONS = {
  rename: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  delete: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10 11v5M14 11v5',
  archive: 'M3 4h18v5H3zM5 9v11h14V9M10 13h4',
  restore: 'M3 4h18v5H3zM5 9v11h14V9M12 18v-5M9 15l3-3 3 3',
  menu: 'M4 6h16M4 12h16M4 18h16',
};

/** A picture for a button that has its name in `aria-label`. @param {keyof typeof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
