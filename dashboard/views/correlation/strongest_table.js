// The strongest cells as a table; a row's name is a button that picks the cell.

const TRIPLE_STYLE = `
.dt-triples { font: 12px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--dt-ink, #1f2933); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 700; font-size: 13px; padding: 2px 0 2px; }
p { margin: 8px 0 2px; color: var(--dt-faint, #52606d); }
th { text-align: left; font-weight: 500; color: var(--dt-faint, #52606d); padding: 2px 4px; border-bottom: 1px solid var(--dt-line, #d9dee4); }
td { padding: 4px; border-bottom: 1px solid var(--dt-line, #d9dee4); vertical-align: top; overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; }
tr.on { background: var(--dt-soft, #e8f1f8); }
tr:hover { background: var(--dt-grid, #eef1f4); }
button { font: inherit; text-align: left; color: var(--dt-accent, #0b4f7d); background: none; border: 0; padding: 0; cursor: pointer; }
button:hover { text-decoration: underline; }
button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); }
.f { color: var(--dt-faint, #52606d); }
.f button { color: inherit; text-decoration: underline dotted; }
.bar { display: block; height: 3px; margin-top: 3px; background: var(--dt-series-0, #0072B2); margin-left: auto; }
`

const some = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = TRIPLE_STYLE
  const root = document.createElement("div")
  root.className = "dt-triples"
  el.append(style, root)
  let count = 0
  const send = (place, what) => { count += 1; model.event = { place, what, count } }
  const link = (text, title, act) => {
    const button = document.createElement("button")
    Object.assign(button, { type: "button", textContent: text, title })
    button.addEventListener("click", act)
    return button
  }
  const draw = () => {
    root.dataset.testid = "triples"
    root.dataset.state = JSON.stringify({ rows: model.rows, picked: model.picked })
    const table = document.createElement("table")
    table.innerHTML = "<caption>Anomalous together</caption><thead><tr><th>class · layer, iteration</th><th class='n'>score</th></tr></thead>"
    const body = table.createTBody()
    const top = Math.max(1e-9, ...model.rows.map((row) => row.score))
    model.rows.forEach((row, place) => {
      const line = body.insertRow()
      if (place === model.picked) { line.className = "on"; line.setAttribute("aria-current", "true") }
      const name = line.insertCell()
      const whose = row.class_.startsWith("class") ? row.class_ : `class ${row.class_}`
      const told = `${some(row.images, "image")} of ${whose} and ${some(row.filters, "filter")} of ${row.layer} were anomalous at ${row.iteration}`
      name.append(link(`${row.class_} · ${row.layer}`, told, () => send(place, "cell")))
      const where = document.createElement("div")
      where.className = "f"
      where.append(`at ${row.iteration}`)
      if (row.filter >= 0) {
        const title = `the layer's most anomalous filter there, score ${row.filter_score}`
        where.append(", ", link(`filter ${row.filter}`, title, () => send(place, "filter")))
      }
      name.append(where)
      const score = line.insertCell()
      score.className = "n"
      score.title = told
      score.textContent = row.score.toFixed(1)
      const bar = document.createElement("span")
      bar.className = "bar"
      bar.style.width = `${Math.max(2, (34 * row.score) / top)}px`
      score.append(bar)
    })
    const note = document.createElement("p")
    note.textContent = model.rows.length
      ? "Score: geometric mean of anomalous images and anomalous filters, over the shown iterations."
      : "No class and layer were anomalous at the same iteration. An anomaly needs snapshots before it; where there are some, widen the window or lower k."
    root.replaceChildren(table, note)
  }
  model.on(["rows", "picked"], draw)
  draw()
}
