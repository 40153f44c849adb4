import { element } from './elements.js';

/**
 * Asks before something that cannot be undone.
 * @param {string} question
 * @param {string} act what the button says
 * @returns {Promise<boolean>}
 */
export function confirmAct(question, act) {
  return new Promise((resolve) => {
    const close = (/** @type {string} */ verdict) => () => dialog.close(verdict);
    /** @type {HTMLDialogElement} */
    const dialog = element(
      'dialog',
      {
        'aria-labelledby': 'question',
        onclose: () => {
          dialog.remove();
          resolve(dialog.returnValue === 'yes');
        },
      },
      element('p', { id: 'question' }, question),
      element(
        'div',
        { class: 'actions' },
        element('button', { type: 'button', onclick: close('no') }, 'Cancel'),
        element('button', { type: 'button', class: 'danger', onclick: close('yes') }, act),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
