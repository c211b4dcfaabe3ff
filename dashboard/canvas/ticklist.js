// A list of names to tick; one that does not fit is cut, and told whole when it is pointed at.

const TICK_STYLE = `
:host, :host > div { height: auto !important; }
p { margin: 0 0 4px; color: var(--dt-faint, #52606d); }
p, label { font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.dt-ticks { max-height: 106px; overflow-y: auto; scrollbar-width: thin; }
label { display: flex; align-items: center; gap: 6px; min-height: 21px; cursor: pointer; color: var(--dt-ink, #1f2933); }
span { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
input[type=search] { box-sizing: border-box; width: 100%; margin: 0 0 4px; padding: 3px 6px; color: inherit;
  background: none; border: 1px solid var(--dt-line, #d9e2ec); border-radius: 3px; font: 12px/1.45 system-ui, sans-serif; }
input[type=checkbox] { accent-color: var(--dt-accent, #0b4f7d); margin: 0; width: 14px; height: 14px; flex: none; }
input:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: -1px; }
`

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = TICK_STYLE
  const title = document.createElement("p"), list = document.createElement("div")
  title.dataset.testid = model.test_id
  list.className = "dt-ticks"
  list.setAttribute("role", "group")
  const search = document.createElement("input")
  search.type = "search"
  search.placeholder = "Search names"
  search.value = model.search
  let typed = 0
  search.addEventListener("input", () => {
    clearTimeout(typed)
    typed = setTimeout(() => { model.search = search.value }, 200)
  })
  el.append(style, title, search, list)
  const entry = (name) => {
    const label = document.createElement("label"), box = document.createElement("input"), words = document.createElement("span")
    box.type = "checkbox"
    label.title = words.textContent = name.replaceAll("_", " ")
    box.addEventListener("change", () => {
      const isTicked = (other) => (other === name ? box.checked : model.ticked.includes(other))
      model.ticked = model.names.filter(isTicked)
    })
    label.append(box, words)
    return label
  }
  const mark = () => {
    list.querySelectorAll("input").forEach((box, i) => { box.checked = model.ticked.includes(model.names[i]) })
    title.textContent = `${model.title}: ${model.ticked.length} of ${model.count.toLocaleString("en")} drawn`
    list.setAttribute("aria-label", model.title)
    search.setAttribute("aria-label", `Search ${model.title.toLowerCase()}`)
    search.hidden = model.count === model.names.length && !model.search
  }
  const draw = () => {
    list.replaceChildren(...model.names.map(entry))
    mark()
  }
  model.on("names", draw)
  model.on(["ticked", "title", "count"], mark)
  draw()
}
