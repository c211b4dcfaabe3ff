// A list of names to tick; a name that does not fit is cut, and its tooltip shows it in full.

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
input[type=search] { box-sizing: border-box; width: 100%; margin: 0 0 4px; padding: 3px 6px;
  color: inherit; background: none; border: 1px solid var(--dt-line, #d9e2ec); border-radius: 3px;
  font: 12px/1.45 system-ui, sans-serif; }
input[type=checkbox] { accent-color: var(--dt-accent, #0b4f7d); margin: 0; width: 14px;
  height: 14px; flex: none; }
input:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: -1px; }
`

/**
 * @typedef {{ title: string, names: string[], ticked: string[], count: number, search: string,
 *   test_id: string }} Ticks
 */

/**
 * Make a field whose text is sent after a pause of 200 ms in typing.
 *
 * @param {Place<Ticks>["model"]} model
 */
function searchField(model) {
  const field = make("input", { type: "search", placeholder: "Search names" })
  field.value = model.search
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typed
  field.addEventListener("input", () => {
    clearTimeout(typed)
    typed = setTimeout(() => {
      model.search = field.value
    }, 200)
  })
  return field
}

/** @param {Place<Ticks>} place */
export function render({ model, el }) {
  const title = make("p", { "data-testid": model.test_id })
  const list = make("div", { class: "dt-ticks", role: "group" })
  const search = searchField(model)
  el.append(make("style", {}, TICK_STYLE), title, search, list)
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
    const count = model.count.toLocaleString("en")
    title.textContent = `${model.title}: ${model.ticked.length} of ${count} drawn`
    list.setAttribute("aria-label", model.title)
    search.setAttribute("aria-label", `Search ${model.title.toLowerCase()}`)
    search.hidden = model.count === model.names.length && !model.search
  }
  const draw = () => {
    boxes.clear()
    list.replaceChildren(...model.names.map(entry))
    mark()
  }
  model.on("names", draw)
  model.on(["ticked", "title", "count"], mark)
  draw()
}
