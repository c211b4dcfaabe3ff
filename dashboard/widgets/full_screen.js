// Charts in full screen: the pane of a chart, its available height, and how far its rows grow.

// Pixels between a chart and the screen's lower edge; greatest factor by which its rows grow.
const SCREEN_EDGE = 20
const MOST_STRETCHED = 5

/**
 * The nearest enclosing element with one of the classes, across shadow roots.
 *
 * @param {Element} element
 * @param {string[]} classes
 * @returns {HTMLElement | null}
 */
export function holderOf(element, ...classes) {
  for (let at = /** @type {any} */ (element); at; at = at.parentNode || at.host) {
    if (classes.some((name) => at.classList?.contains(name))) return at
  }
  return null
}

/**
 * The pane that an element is in.
 *
 * @param {Element} element
 */
export function paneOf(element) {
  return holderOf(element, "dt-pane", "dt-timeline") || document.body
}

/**
 * The part of a page that stays on top when it scrolls.
 *
 * @param {Element} element
 * @returns {HTMLElement | null | undefined}
 */
export function topOf(element) {
  return holderOf(element, "dt-page")?.shadowRoot?.querySelector(".dt-top")
}

/**
 * The pixels from a chart's top to the lower edge of the screen; 0 unless its pane is full screen.
 *
 * @param {Element} element
 * @param {number} [below] pixels below the chart that stay free
 */
export function screenRoom(element, below = 0) {
  const pane = paneOf(element)
  if (!pane.matches(":fullscreen")) return 0
  const top = element.getBoundingClientRect().top + pane.scrollTop
  return Math.max(0, Math.floor(window.innerHeight - top - below - SCREEN_EDGE))
}

/**
 * Call `draw` when a pane enters or leaves full screen. Returns a function that stops this.
 *
 * @param {() => void} draw
 */
export function onFullScreen(draw) {
  document.addEventListener("fullscreenchange", draw)
  window.addEventListener("resize", draw)
  return () => {
    document.removeEventListener("fullscreenchange", draw)
    window.removeEventListener("resize", draw)
  }
}

/**
 * The factor by which the rows of a short chart grow in full screen.
 *
 * @param {number} room available pixels
 * @param {number} total pixels of the rows
 */
export function stretched(room, total) {
  return Math.min(MOST_STRETCHED, Math.max(1, room / Math.max(1, total)))
}

/**
 * Reserve height for a chart that is taller than the page's layout: elements below it move down.
 *
 * @param {Element} root the chart's
 * @param {number} height pixels; 0 for the layout's height
 */
export function reserve(root, height) {
  const { host } = /** @type {ShadowRoot} */ (root.getRootNode())
  const { style } = /** @type {HTMLElement} */ (host)
  style.minHeight = height ? `${Math.ceil(height)}px` : ""
}
