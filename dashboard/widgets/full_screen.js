// Charts on the whole screen: the pane that holds one, the room it has, how far its rows grow.

// Between a chart and the end of the screen that it fills; how many times taller its rows become.
const SCREEN_EDGE = 20
const MOST_STRETCHED = 5

/**
 * The nearest element with one of the classes that holds another, over shadow roots.
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
 * The pixels from a chart's top to the end of the screen while its pane fills that; 0 otherwise.
 *
 * @param {Element} element
 * @param {number} [below] pixels of what stands below the chart
 */
export function screenRoom(element, below = 0) {
  const pane = paneOf(element)
  if (!pane.matches(":fullscreen")) return 0
  const top = element.getBoundingClientRect().top + pane.scrollTop
  return Math.max(0, Math.floor(window.innerHeight - top - below - SCREEN_EDGE))
}

/**
 * Call `draw` when a pane begins or ends to fill the screen. Gives what ends that.
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
 * How many times taller the rows of a short chart are on the whole screen.
 *
 * @param {number} room pixels that there are
 * @param {number} total pixels of the rows
 */
export function stretched(room, total) {
  return Math.min(MOST_STRETCHED, Math.max(1, room / Math.max(1, total)))
}

/**
 * Make room for a chart that is taller than the page knows: what stands below it moves down.
 *
 * @param {Element} root the chart's
 * @param {number} height pixels, 0 for what the page knows
 */
export function reserve(root, height) {
  const { host } = /** @type {ShadowRoot} */ (root.getRootNode())
  const { style } = /** @type {HTMLElement} */ (host)
  style.minHeight = height ? `${Math.ceil(height)}px` : ""
}
