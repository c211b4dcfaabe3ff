// A box at the pointer that describes what is under it.

import { make } from "./dom.js"

/** @typedef {ReturnType<typeof readout>} Readout */

/**
 * Put a box over an element.
 *
 * @param {HTMLElement} root
 */
export function readout(root) {
  const box = make("div", { class: "dt-readout", hidden: "" })
  root.appendChild(box)
  return {
    box,
    /** @param {string[]} lines @param {number} x @param {number} y */
    show(lines, x, y) {
      box.replaceChildren(...lines.map((line) => make("div", {}, line)))
      box.firstElementChild?.classList.add("dt-readout-title")
      box.hidden = false
      const room = root.clientWidth - box.offsetWidth - 8
      box.style.left = `${Math.max(4, Math.min(x + 14, room))}px`
      // Above the pointer if the chart or the window ends below it.
      const tall = box.offsetHeight
      const toWindow = window.innerHeight - root.getBoundingClientRect().top
      const ends = (y + tall + 24 > root.clientHeight && y > tall) || y + tall + 20 > toWindow
      box.style.top = `${ends ? y - tall - 10 : y + 16}px`
    },
    hide() {
      box.hidden = true
    },
  }
}
