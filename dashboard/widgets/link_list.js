// Groups of links; each link is a button with a bar as long as its share.

const LIST_STYLE = `
h3 { font: 600 12.5px/1.35 system-ui, sans-serif; margin: 10px 0 6px; color: var(--dt-ink, #1f2933); }
h3:first-child { margin-top: 0; }
ol { list-style: none; margin: 0; padding: 0; }
button { position: relative; display: grid; grid-template-columns: 1.7em 1fr auto; gap: 4px; width: 100%;
  text-align: left; font: 12px/1.35 system-ui, sans-serif; font-variant-numeric: tabular-nums;
  color: var(--dt-ink, #1f2933); background: var(--dt-paper, #fff); border: 0;
  border-top: 1px solid var(--dt-line, #d9dee4); padding: 5px 6px; cursor: pointer; }
button:hover { background: var(--dt-soft, #e8f1f8); }
button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: -2px; }
button[aria-pressed=true] { box-shadow: inset 3px 0 var(--dt-accent, #0b4f7d); font-weight: 600; }
.place, .note { color: var(--dt-faint, #52606d); font-weight: 400; }
.label { overflow-wrap: anywhere; }
.bar { position: absolute; left: 0; bottom: 0; height: 2px; background: var(--dt-series-0, #0072B2); }
p { font: 12px/1.45 system-ui, sans-serif; color: var(--dt-faint, #52606d); margin: 4px 0 8px; }
`

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = LIST_STYLE
  const root = document.createElement("div")
  el.append(style, root)
  let count = 0
  const piece = (kind, text, name = "") => {
    const element = document.createElement(kind)
    element.textContent = text
    if (name) element.className = name
    return element
  }
  const button = (link, place) => {
    const made = document.createElement("button")
    made.type = "button"
    made.setAttribute("aria-pressed", String(link.is_chosen))
    made.append(piece("span", `${place + 1}.`, "place"), piece("span", link.label, "label"), piece("span", link.note, "note"))
    const bar = piece("span", "", "bar")
    bar.style.width = `${100 * Math.min(1, Math.max(0, link.share))}%`
    made.append(bar)
    made.addEventListener("click", (event) => {
      count += 1
      model.event = { key: link.key, shift: event.shiftKey, count }
    })
    return made
  }
  const draw = () => {
    root.replaceChildren()
    for (const group of model.groups) {
      const list = document.createElement("ol")
      group.links.forEach((link, place) => {
        const item = document.createElement("li")
        item.append(button(link, place))
        list.append(item)
      })
      root.append(piece("h3", group.title), list)
      if (!group.links.length) root.append(piece("p", group.empty))
    }
    root.dataset.testid = model.test_id
    root.dataset.state = JSON.stringify(model.groups.map(({ title, links }) => ({
      title, links: links.map(({ key, label, note, is_chosen }) => ({ key, label, note, is_chosen })),
    })))
  }
  model.on("groups", draw)
  draw()
}
