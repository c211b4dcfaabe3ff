// Making elements of a page.

/**
 * Make an element. A function is a listener; its name is "on" and the event.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | ((event: any) => void)>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value)
    else made.setAttribute(name, String(value))
  }
  made.append(...children)
  return made
}

/**
 * The markup of a symbol of 16 by 16 pixels.
 *
 * @param {string} path what SVG draws
 */
export function icon(path) {
  const look = 'fill="none" stroke="currentColor" stroke-width="1.4" aria-hidden="true"'
  return `<svg width="16" height="16" viewBox="0 0 16 16" ${look}>${path}</svg>`
}

/**
 * A `data` attribute of the focused element in a page or shadow root.
 *
 * @param {Element} element any element there
 * @param {string} name
 */
export function focusedData(element, name) {
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode())
  return /** @type {HTMLElement | null} */ (root.activeElement)?.dataset?.[name]
}
