// Chips under a title; each is a button that drops its pick.

/** @import { Place } from "../widgets/component.js" */
import { make } from "../widgets/dom.js"

const CHIPS_STYLE = `
h3 { font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  margin: 2px 4px 4px; color: var(--dt-faint, #52606d); }
.dt-chips { display: flex; flex-wrap: wrap; gap: 4px; margin: 0 4px; max-height: 132px;
  overflow-y: auto; scrollbar-width: thin; }
button { font: 12px/1.35 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  max-width: 100%; overflow-wrap: anywhere; text-align: left; cursor: pointer; padding: 2px 10px;
  color: var(--dt-accent, #0b4f7d); background: var(--dt-soft, #e8f1f8);
  border: 1px solid var(--dt-softline, #c6dcec); border-radius: 12px; }
button:hover { border-color: var(--dt-accent, #0b4f7d); }
button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: 1px; }
p { font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--dt-faint, #52606d); margin: 0; }
`

/** @param {Place<{ title: string, chips: string[], hint: string }>} place */
export function render({ model, el }) {
  const title = make("h3")
  const root = make("div", { class: "dt-chips" })
  el.append(make("style", {}, CHIPS_STYLE), title, root)
  let count = 0
  /** @param {string} shown @param {number} place */
  const chip = (shown, place) => {
    const look = { "aria-label": `Drop ${shown}`, title: "Drop this from the selection" }
    const onclick = () => {
      count += 1
      model.event = { place, shown, count }
    }
    return make("button", { type: "button", ...look, onclick }, `${shown}  ×`)
  }
  const draw = () => {
    title.textContent = model.title
    const { activeElement } = /** @type {ShadowRoot} */ (root.getRootNode())
    const at = [...root.children].indexOf(/** @type {Element} */ (activeElement))
    const chips = model.chips.map(chip)
    root.replaceChildren(...(chips.length ? chips : [make("p", {}, model.hint)]))
    // When the focused chip disappears, focus the chip at its place.
    if (at >= 0 && chips.length) chips[Math.min(at, chips.length - 1)].focus()
  }
  model.on(["title", "chips", "hint"], draw)
  draw()
}
