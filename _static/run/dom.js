// Making elements in few words.

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] attributes; one that starts with "on" is a listener
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** @param {string} text @param {(event: Event) => void} onclick @param {Record<string, any>} [properties] */
export const button = (text, onclick, properties = {}) => make("button", { type: "button", onclick, ...properties }, text);

/** Typeset the mathematics in an element with the page's MathJax. @param {HTMLElement} element */
export async function typeset(element) {
  const { MathJax } = /** @type {any} */ (window);
  if (!element.querySelector(".math")) return;
  await MathJax.startup.promise;
  await MathJax.typesetPromise([element]);
}
