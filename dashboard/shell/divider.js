// The handle between two views: a drag or the arrow keys share the width anew. The share is a CSS
// variable of the page, and is remembered by the browser.

const LEAST = 25, MOST = 75

export function render({ el }) {
  const style = document.createElement("style")
  style.textContent = `
    :host { flex: none; position: relative; align-self: stretch !important; height: auto !important; }
    .dt-handle { position: absolute; inset: 0; cursor: col-resize; touch-action: none; }
    .dt-handle::after { content: ""; position: absolute; left: 7px; top: 0; bottom: 0; width: 1px; background: var(--dt-line); }
    .dt-handle:hover::after, .dt-handle:active::after, .dt-handle:focus-visible::after { left: 6px; width: 3px; background: var(--dt-accent); }
    .dt-handle:focus-visible { outline: none; }
    /* In the middle of what the timeline leaves of the window, however long the views are. */
    .dt-grip { position: sticky; top: calc(50vh + 150px); z-index: 1; box-sizing: border-box; width: 10px; height: 40px; margin: 150px 3px 40px;
      border: 1px solid var(--dt-field); border-radius: 5px; background: var(--dt-paper); }
    .dt-grip::before { content: ""; position: absolute; inset: 10px 3px; background: radial-gradient(circle, var(--dt-field) 1px, transparent 1.4px) 0 0 / 2px 6px; }
    .dt-handle:hover .dt-grip, .dt-handle:active .dt-grip, .dt-handle:focus-visible .dt-grip { border-color: var(--dt-accent); }`
  const bar = document.createElement("div"), grip = document.createElement("div")
  bar.className = "dt-handle"
  grip.className = "dt-grip"
  bar.append(grip)
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
    const { host } = el.getRootNode(), wide = host.offsetWidth
    const { left } = host.previousElementSibling.getBoundingClientRect()
    const { right } = host.nextElementSibling.getBoundingClientRect()
    set((100 * (event.clientX - left - wide / 2)) / (right - left - wide))
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
