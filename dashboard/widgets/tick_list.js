// A list of names to tick; one that does not fit is cut, and shown whole when it is pointed at.

/** @import { Place } from "./component.js" */
import { make } from "./dom.js"

const TICK_STYLE = `
:host, :host > div { height: auto !important; }
p { margin: 0 0 4px; color: var(--dt-faint, #52606d); }
p, label {
  font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.dt-ticks { max-height: 106px; overflow-y: auto; scrollbar-width: thin; }
label { display: flex; align-items: center; gap: 6px; min-height: 21px; cursor: pointer;
  color: var(--dt-ink, #1f2933); }
span { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
input { accent-color: var(--dt-accent, #0b4f7d); margin: 0; width: 14px; height: 14px; flex: none; }
input:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: -1px; }
`

/** @param {Place<{ title: string, names: string[], ticked: string[], test_id: string }>} place */
export function render({ model, el }) {
  const title = make("p", { "data-testid": model.test_id })
  const list = make("div", { class: "dt-ticks", role: "group" })
  el.append(make("style", {}, TICK_STYLE), title, list)
  /** @type {Map<string, HTMLInputElement>} */
  const boxes = new Map()
  /** @param {string} name */
  const entry = (name) => {
    const box = make("input", { type: "checkbox" })
    box.addEventListener("change", () => {
      /** @param {string} other */
      const isTicked = (other) => (other === name ? box.checked : model.ticked.includes(other))
      model.ticked = model.names.filter(isTicked)
    })
    boxes.set(name, box)
    const words = name.replaceAll("_", " ")
    return make("label", { title: words }, box, make("span", {}, words))
  }
  const mark = () => {
    for (const [name, box] of boxes) box.checked = model.ticked.includes(name)
    title.textContent = `${model.title}: ${model.ticked.length} of ${model.names.length} drawn`
    list.setAttribute("aria-label", model.title)
  }
  const draw = () => {
    boxes.clear()
    list.replaceChildren(...model.names.map(entry))
    mark()
  }
  model.on("names", draw)
  model.on(["ticked", "title"], mark)
  draw()
}
