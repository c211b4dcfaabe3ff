// The handle between two views: a drag or the arrow keys change their widths. The left view's share
// is a CSS variable of the page; the browser stores it.

import { make } from "../widgets/dom.js"
import { remember, remembered } from "./memory.js"

const LEAST = 25
const MOST = 75
// Percent that an arrow key moves the handle.
const STEP = 2
const KEY = "dt-split"

const DIVIDER_STYLE = `
:host { flex: none; position: relative; align-self: stretch !important; height: auto !important; }
.dt-handle { position: absolute; inset: 0; cursor: col-resize; touch-action: none; }
.dt-handle::after { content: ""; position: absolute; left: 7px; top: 0; bottom: 0; width: 1px;
  background: var(--dt-line); }
.dt-handle:hover::after, .dt-handle:active::after, .dt-handle:focus-visible::after {
  left: 6px; width: 3px; background: var(--dt-accent); }
.dt-handle:focus-visible { outline: none; }
/* In the middle of the window below the timeline, for views of any length. */
.dt-grip { position: sticky; top: calc(50vh + 150px); z-index: 1; box-sizing: border-box;
  width: 10px; height: 40px; margin: 150px 3px 40px;
  border: 1px solid var(--dt-field); border-radius: 5px; background: var(--dt-paper); }
.dt-grip::before { content: ""; position: absolute; inset: 10px 3px;
  background: radial-gradient(circle, var(--dt-field) 1px, transparent 1.4px) 0 0 / 2px 6px; }
.dt-handle:hover .dt-grip, .dt-handle:active .dt-grip, .dt-handle:focus-visible .dt-grip {
  border-color: var(--dt-accent); }
`

/**
 * The left view's share of the width at a pointer position, in percent.
 *
 * @param {number} x of the pointer
 * @param {{ left: number, right: number }} views their left and right ends
 * @param {number} wide pixels of the handle
 */
export function shareAt(x, { left, right }, wide) {
  return (100 * (x - left - wide / 2)) / (right - left - wide)
}

/**
 * Limit a share to the bounds; round it to a tenth of a percent.
 *
 * @param {number} wanted
 */
export function allowed(wanted) {
  return Math.round(Math.min(MOST, Math.max(LEAST, wanted)) * 10) / 10
}

/** @param {{ el: HTMLElement }} place */
export function render({ el }) {
  const bar = make(
    "div",
    {
      class: "dt-handle",
      role: "separator",
      tabindex: "0",
      "aria-orientation": "vertical",
      "aria-label": "Share of the left view",
      "aria-valuemin": LEAST,
      "aria-valuemax": MOST,
      title: "Drag to share the width between the two views; double click halves it",
    },
    make("div", { class: "dt-grip" }),
  )
  let share = 50
  /** @param {number} wanted */
  const set = (wanted) => {
    share = allowed(wanted)
    document.documentElement.style.setProperty("--dt-split", String(share))
    bar.setAttribute("aria-valuenow", String(Math.round(share)))
    remember(KEY, String(share))
  }
  set(Number(remembered(KEY)) || 50)
  bar.addEventListener("pointerdown", (event) => bar.setPointerCapture(event.pointerId))
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return
    const { host } = /** @type {any} */ (el.getRootNode())
    const { left } = host.previousElementSibling.getBoundingClientRect()
    const { right } = host.nextElementSibling.getBoundingClientRect()
    set(shareAt(event.clientX, { left, right }, host.offsetWidth))
  })
  bar.addEventListener("dblclick", () => set(50))
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key]
    if (!step) return
    event.preventDefault()
    set(share + step)
  })
  el.append(make("style", {}, DIVIDER_STYLE), bar)
}
