// The handle between two views: a drag or the arrow keys share the width anew. The share is a CSS
// variable of the page, and is remembered by the browser.

const LEAST = 25, MOST = 75

export function render({ el }) {
  const style = document.createElement("style")
  style.textContent = `
    :host { align-self: stretch; flex: none; }
    div { width: 14px; height: 100%; min-height: 200px; cursor: col-resize; position: relative; touch-action: none; }
    div::after { content: ""; position: absolute; left: 6px; top: 0; bottom: 0; width: 1px; background: var(--dt-line); }
    div:hover::after, div:focus-visible::after { left: 5px; width: 3px; background: var(--dt-accent); }
    div:focus-visible { outline: none; }`
  const bar = document.createElement("div")
  const attributes = { role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-label": "Share of the left view", "aria-valuemin": LEAST, "aria-valuemax": MOST }
  for (const [name, value] of Object.entries(attributes)) bar.setAttribute(name, value)
  bar.title = "Drag to share the width between the two views; double click halves it"
  let share = 50
  const set = (wanted) => {
    share = Math.round(Math.min(MOST, Math.max(LEAST, wanted)) * 10) / 10
    document.documentElement.style.setProperty("--dt-split", share)
    bar.setAttribute("aria-valuenow", Math.round(share))
    try { localStorage.setItem("dt-split", share) } catch (refused) { /* not remembered */ }
  }
  let kept = 50
  try { kept = Number(localStorage.getItem("dt-split")) || 50 } catch (refused) { /* none */ }
  set(kept)
  bar.addEventListener("pointerdown", (event) => bar.setPointerCapture(event.pointerId))
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return
    const deck = el.getRootNode().host || el
    const box = (deck.closest?.(".dt-deck") || deck).getBoundingClientRect()
    set((100 * (event.clientX - box.left)) / box.width)
  })
  bar.addEventListener("dblclick", () => set(50))
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key]
    if (!step) return
    event.preventDefault()
    set(share + step)
  })
  el.append(style, bar)
}
