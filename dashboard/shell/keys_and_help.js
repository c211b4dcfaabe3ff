// The page's keys, and the help that lists them.

import { make } from "../widgets/dom.js"

/** @typedef {[key: string, does: string]} Entry */

/** @type {Entry[]} */
const KEYS = [
  ["← →", "pick the snapshot before or after the picked one"],
  ["shift ← →", "pick the anomalous iteration or finding before or after"],
  ["1 … 6", "open a view"],
  ["/", "search a class, layer or view"],
  ["s", "split: one view, side by side, one below the other"],
  ["t", "theme: system, light or dark"],
  ["a", "axis: snapshots evenly wide, or at their true iterations"],
  ["Home", "show all iterations again"],
  ["?", "this help"],
  ["Esc", "close an open dialog; then drop the picked iterations"],
  ["↑ ↓ Enter", "in a chart: move through its rows, open one"],
]
/** @type {Entry[]} */
const MOUSE = [
  ["click", "pick an iteration; with shift, add it to the picks"],
  ["drag on the timeline", "set the window of all charts"],
  ["wheel on the timeline", "zoom about the pointer; with shift, move the window"],
  ["double click", "show all iterations again"],
]
const TYPED_IN =
  "input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable=true]"
const MOVED_BY_ARROWS = "input[type=range], [role=slider], [role=separator]"

/**
 * The action of a key of the page; null while a person types, and with a modifier key.
 *
 * @param {KeyboardEvent} event
 * @param {Record<string, () => void>} acts by key
 * @param {(number: number) => void} open called with the number of a digit, from 1
 */
export function actOf(event, acts, open) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null
  const at = event.composedPath()[0]
  const isAt = (/** @type {string} */ words) => at instanceof Element && at.matches(words)
  if (isAt(TYPED_IN)) return null
  if (isAt(MOVED_BY_ARROWS) && event.key.startsWith("Arrow")) return null
  if (acts[event.key]) {
    return () => {
      event.preventDefault()
      acts[event.key]()
    }
  }
  return /^[1-9]$/.test(event.key) ? () => open(Number(event.key)) : null
}

/**
 * List the actions of keys and mouse.
 *
 * @param {HTMLDialogElement} dialog
 */
export function showHelp(dialog) {
  const close = { class: "dt-close", "aria-label": "Close", onclick: () => dialog.close() }
  dialog.setAttribute("aria-label", "Keys and mouse")
  dialog.dataset.testid = "help"
  dialog.replaceChildren(
    make("button", { type: "button", ...close }, "×"),
    make("h2", {}, "Keys and mouse"),
    section("Keys", KEYS),
    section("Mouse", MOUSE),
  )
  dialog.showModal()
}

/**
 * @param {string} title
 * @param {Entry[]} entries
 */
function section(title, entries) {
  const rows = entries.flatMap(([key, does]) => [
    make("dt", {}, make("kbd", {}, key)),
    make("dd", {}, does),
  ])
  return make("section", {}, make("h3", {}, title), make("dl", {}, ...rows))
}
