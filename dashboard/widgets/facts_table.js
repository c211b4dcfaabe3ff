// A table that sorts by its titles; numbers by size, names by their words and numbers.

const STYLE = `
.dt-room { overflow: auto; border: 1px solid var(--dt-line, #d9dee4); border-radius: 6px;
  background: var(--dt-paper, #fff); }
table { border-collapse: collapse; width: 100%; color: var(--dt-ink, #1f2933);
  font: 12.5px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
th { position: sticky; top: 0; padding: 0; background: var(--dt-paper, #fff); z-index: 1;
  box-shadow: inset 0 -1px 0 var(--dt-line, #d9dee4); }
th button { all: unset; box-sizing: border-box; width: 100%; padding: 7px 10px; cursor: pointer;
  color: var(--dt-faint, #52606d); font-weight: 600; white-space: nowrap; text-align: left; }
th.number button { text-align: right; }
th button:hover { color: var(--dt-accent, #0b4f7d); }
th button:focus-visible, tr:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d);
  outline-offset: -2px; }
th[aria-sort=ascending] button::after { content: " ▲"; font-size: 9px; }
th[aria-sort=descending] button::after { content: " ▼"; font-size: 9px; }
td { padding: 5px 10px; border-top: 1px solid var(--dt-grid, #eef1f4); vertical-align: top;
  overflow-wrap: anywhere; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.leads { cursor: pointer; }
tr.leads:hover td { background: var(--dt-soft, #e8f1f8); }
.severity { display: inline-block; font-size: 11px; font-weight: 600; padding: 1px 7px;
  border-radius: 9px; border: 1px solid currentColor; }
.error { color: var(--dt-pick, #b42318); }
.warning { color: var(--dt-warn, #8a3a00); }
.info { color: var(--dt-faint, #52606d); }
.severity + .severity { margin-left: 4px; }
.curve, .link, .severities { white-space: nowrap; }
.curve { font-variant-numeric: tabular-nums; }
.even td { vertical-align: middle; }
.curve > span { display: inline-flex; align-items: center; gap: 8px; vertical-align: middle; }
.curve svg { width: 120px; height: 20px; overflow: visible; }
.curve polyline { fill: none; stroke: var(--dt-accent, #0b4f7d); stroke-width: 1.5px;
  stroke-linecap: round; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
a { color: var(--dt-accent, #0b4f7d); }
`

function svg(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}

function chip(severity, text) {
  const mark = document.createElement("span")
  mark.className = `severity ${severity}`
  mark.textContent = text
  return mark
}

const written = (value) =>
  typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: 4 }) : value ?? ""

// What a cell of each kind holds.
const CELLS = {
  severity: (name) => chip(name, name),
  link: ({ value, href }) => {
    const link = document.createElement("a")
    link.href = href
    link.textContent = value
    return link
  },
  curve: ({ points, text, title }) => {
    const curve = document.createElement("span"), chart = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", role: "img", "aria-label": title })
    curve.title = title
    // A line from a point alone to itself is a dot.
    const line = points.length > 1 ? points : [...points, ...points]
    chart.append(svg("polyline", { points: line.map((point) => point.join(",")).join(" ") }))
    curve.append(chart, text)
    return curve
  },
  severities: ({ counts }) => {
    const all = document.createElement("span"), found = Object.entries(counts)
    all.append(...found.map(([severity, count]) => chip(severity, count)))
    if (!found.length) all.textContent = "none"
    return all
  },
}

class FactsTable {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.sorted = { column: -1, sign: 1 }
    this.count = 0
  }

  order() {
    const { column, sign } = this.sorted
    const places = this.model.rows.map((_, place) => place)
    if (column < 0) return places
    const words = new Intl.Collator("en", { numeric: true })
    const compare = (a, b) => {
      if (a === b) return 0
      if (a === null) return 1
      if (b === null) return -1
      return sign * (typeof a === "number" && typeof b === "number" ? a - b : words.compare(a, b))
    }
    const cell = (place) => {
      const found = this.model.rows[place][column] ?? null
      return found?.value ?? found
    }
    return places.sort((a, b) => compare(cell(a), cell(b)) || a - b)
  }

  draw() {
    const { model, root } = this
    const focused = root.getRootNode().activeElement?.dataset?.focus
    const room = document.createElement("div")
    room.className = "dt-room"
    // On the whole screen tables share the height that there is.
    if (model.room) room.style.maxHeight = `max(${model.room}px, calc(var(--dt-room, 0px) * 0.55))`
    room.tabIndex = 0
    room.setAttribute("role", "region")
    room.setAttribute("aria-label", model.description)
    const table = document.createElement("table")
    table.className = model.columns.some(({ kind }) => kind === "curve") ? "even" : ""
    table.append(this.head(), this.body())
    room.appendChild(table)
    root.replaceChildren(room)
    if (focused) root.querySelector(`[data-focus="${focused}"]`)?.focus()
    root.dataset.testid = model.test_id
    root.dataset.state = JSON.stringify({ rows: this.order().map((place) => model.rows[place]) })
  }

  head() {
    const head = document.createElement("thead"), row = document.createElement("tr")
    this.model.columns.forEach(({ title, kind }, column) => {
      const cell = document.createElement("th"), button = document.createElement("button")
      cell.className = kind === "number" ? kind : ""
      cell.scope = "col"
      if (this.sorted.column === column) {
        cell.setAttribute("aria-sort", this.sorted.sign > 0 ? "ascending" : "descending")
      }
      button.textContent = title
      button.title = `Sort by ${title}`
      button.dataset.focus = `title-${column}`
      button.addEventListener("click", () => {
        // Numbers start with the largest: that is what one looks for.
        const first = kind === "number" || kind === "severities" ? -1 : 1
        this.sorted = { column, sign: this.sorted.column === column ? -this.sorted.sign : first }
        this.draw()
      })
      cell.appendChild(button)
      row.appendChild(cell)
    })
    head.appendChild(row)
    return head
  }

  body() {
    const body = document.createElement("tbody")
    for (const place of this.order()) {
      const row = document.createElement("tr")
      const cells = this.model.rows[place], { columns } = this.model
      cells.forEach((value, column) => {
        const cell = document.createElement("td"), { kind } = columns[column]
        const isLong = column === cells.length - 1 && cells.length < columns.length
        cell.className = isLong || kind === "severity" ? "" : kind
        if (isLong) cell.colSpan = columns.length - column
        const fill = value === null || isLong ? written : CELLS[kind] || written
        cell.append(fill(value))
        row.appendChild(cell)
      })
      if (this.model.leads) this.lead(row, place)
      body.appendChild(row)
    }
    return body
  }

  lead(row, place) {
    const go = () => {
      this.count += 1
      this.model.event = { row: place, count: this.count }
    }
    row.className = "leads"
    row.tabIndex = 0
    row.dataset.focus = `row-${place}`
    row.addEventListener("click", go)
    row.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return
      event.preventDefault()
      go()
    })
  }
}

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = STYLE
  const root = document.createElement("div")
  el.append(style, root)
  const table = new FactsTable(model, root)
  model.on(["columns", "rows"], () => table.draw())
  table.draw()
}
