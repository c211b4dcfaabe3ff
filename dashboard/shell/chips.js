// Chips under a title; each is a button that drops what it names.

const CHIPS_STYLE = `
h3 { font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  margin: 2px 4px 4px; color: var(--dt-faint, #52606d); }
.dt-chips { display: flex; flex-wrap: wrap; gap: 4px; margin: 0 4px; max-height: 132px; overflow-y: auto;
  scrollbar-width: thin; }
button { font: 12px/1.35 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  max-width: 100%; overflow-wrap: anywhere; text-align: left; cursor: pointer; padding: 2px 10px;
  color: var(--dt-accent, #0b4f7d); background: var(--dt-soft, #e8f1f8);
  border: 1px solid var(--dt-softline, #c6dcec); border-radius: 12px; }
button:hover { border-color: var(--dt-accent, #0b4f7d); }
button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: 1px; }
p { font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--dt-faint, #52606d); margin: 0; }
`

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = CHIPS_STYLE
  const title = document.createElement("h3"), root = document.createElement("div")
  root.className = "dt-chips"
  el.append(style, title, root)
  let count = 0
  const chip = (shown, place) => {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = `${shown}  ×`
    button.setAttribute("aria-label", `Drop ${shown}`)
    button.title = "Drop this from the selection"
    button.addEventListener("click", () => {
      count += 1
      model.event = { place, shown, count }
    })
    return button
  }
  const draw = () => {
    title.textContent = model.title
    const hint = document.createElement("p")
    hint.textContent = model.hint
    // The focus stays at its place when the chip that had it goes.
    const at = [...root.children].indexOf(root.getRootNode().activeElement)
    root.replaceChildren(...(model.chips.length ? model.chips.map(chip) : [hint]))
    if (at >= 0 && model.chips.length) root.children[Math.min(at, model.chips.length - 1)].focus()
  }
  model.on(["title", "chips", "hint"], draw)
  draw()
}
