// A stack of rows over one time axis. The server sends rows and bytes; what a person does goes back
// as `event`. Picks and the brush are drawn here at once.

const GAP = 4
const AXIS_HEIGHT = 22

class RowChart {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.scroll = document.createElement("div")
    this.scroll.className = "dt-scroll"
    this.canvas = document.createElement("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "img")
    this.scroll.appendChild(this.canvas)
    this.foot = document.createElement("canvas")
    root.append(this.scroll, this.foot)
    this.readout = readout(root)
    this.brush = null
    this.count = 0
    this.listen()
  }

  listen() {
    const on = (name, act) => this.canvas.addEventListener(name, act)
    on("pointerdown", (event) => this.down(event))
    on("pointermove", (event) => this.move(event))
    on("pointerup", (event) => this.up(event))
    on("pointerleave", () => { if (!this.brush) this.readout.hide() })
    on("dblclick", (event) => {
      const place = this.place(event)
      if (this.axis.holds(place.x)) this.send({ type: "reset", ...this.target(place) })
    })
    on("keydown", (event) => this.key(event))
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(this.root)
  }

  // Rows with their place on the canvas.
  layout() {
    let top = GAP
    this.boxes = this.model.rows.map((row) => {
      const box = { row, top, height: row.height }
      top += row.height + (row.gap ?? GAP)
      return box
    })
    this.height = top
  }

  load() {
    if (this.loaded === this.model.data && this.loadedRows === this.model.rows) return
    this.loaded = this.model.data
    this.loadedRows = this.model.rows
    const bytes = new Uint8Array(this.model.data || new ArrayBuffer(0))
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    this.numbers = new Map(this.model.rows.map((row) => [row, unpacked(row, buffer)]))
    this.tables = {}
    for (const [name, table] of Object.entries(this.model.palettes)) {
      const packed = new Uint8Array(table)
      this.tables[name] = new Uint32Array(packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength))
    }
  }

  draw() {
    const width = this.root.clientWidth
    if (!width) return
    const { model } = this
    this.load()
    this.layout()
    this.axis = new TimeAxis(model.iterations, model.first, model.last, model.left, model.right, width)
    const room = model.scroll_height || this.height
    this.scroll.style.maxHeight = `${room}px`
    this.root.style.minHeight = `${Math.min(room, this.height) + (model.show_axis ? AXIS_HEIGHT : 0)}px`
    const context = crisp(this.canvas, width, this.height)
    const selected = new Set(model.selected)
    for (const box of this.boxes) {
      this.drawLabel(context, box, selected.has(box.row.id))
      const drawer = DRAWERS[box.row.kind]
      if (drawer) drawer(context, this.axis, box.row, this.numbers.get(box.row), box, this.tables)
    }
    drawPicks(context, this.axis, model.picked, 0, this.height)
    if (this.brush) this.drawBrush(context)
    if (model.show_axis) {
      drawTimeLabels(crisp(this.foot, width, AXIS_HEIGHT), this.axis, AXIS_HEIGHT / 2)
    }
    this.foot.style.display = model.show_axis ? "block" : "none"
    this.report()
  }

  drawLabel(context, { row, top, height }, selected) {
    if (selected) {
      context.fillStyle = "#e8f1f8"
      context.fillRect(0, top - 1, this.axis.left - 2, height + 2)
    }
    const x = 8 + 12 * (row.indent || 0)
    const y = top + Math.min(height / 2, 12)
    if (row.toggle) {
      context.fillStyle = FAINT
      context.beginPath()
      if (row.toggle === "open") { context.moveTo(x, y - 3); context.lineTo(x + 8, y - 3); context.lineTo(x + 4, y + 4) }
      else { context.moveTo(x + 1, y - 4); context.lineTo(x + 7, y); context.lineTo(x + 1, y + 4) }
      context.fill()
    }
    const room = this.axis.left - x - 14 - (row.label_room || 8)
    context.textAlign = "left"
    context.fillStyle = selected ? "#0b4f7d" : INK
    context.font = row.strong || selected ? `600 ${FONT}` : FONT
    context.fillText(fitted(context, row.label || "", room), x + 13, y)
    context.font = FONT
    if (row.detail && height >= 26) {
      context.fillStyle = FAINT
      context.fillText(fitted(context, row.detail, room), x + 13, y + 14)
    }
    let line = y + 14
    for (const series of row.legend || []) {
      context.fillStyle = series.colour
      context.fillRect(x + 13, line - 1, 12, 2.5)
      context.fillStyle = FAINT
      context.fillText(fitted(context, series.name, room - 18), x + 30, line)
      line += 13
    }
  }

  drawBrush(context) {
    const low = Math.min(this.brush.from, this.brush.to), high = Math.max(this.brush.from, this.brush.to)
    context.fillStyle = "rgba(0,114,178,.14)"
    context.strokeStyle = "#0072B2"
    context.fillRect(low, 0, high - low, this.height)
    context.strokeRect(low + 0.5, 0.5, high - low, this.height - 1)
  }

  place(event) {
    const bounds = this.canvas.getBoundingClientRect()
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top }
  }

  // The row, line and column under a place.
  target({ x, y }) {
    const box = this.boxes.find((b) => y >= b.top - GAP / 2 && y < b.top + b.height + GAP / 2)
    if (!box) return { row: "", line: -1, column: this.axis.column(x) }
    const lines = this.numbers.get(box.row)[0]?.shape
    let line = -1
    if (box.row.kind === "image" && lines) {
      line = Math.floor(((y - box.top) * lines[0]) / box.height)
      line = Math.min(lines[0] - 1, Math.max(0, line))
    }
    return { row: box.row.id, line, column: this.axis.column(x), box }
  }

  down(event) {
    if (event.button) return
    const { x, y } = this.place(event)
    this.start = { x, y }
    if (this.model.can_brush && this.axis.holds(x)) this.canvas.setPointerCapture(event.pointerId)
  }

  move(event) {
    const place = this.place(event)
    if (this.start && this.model.can_brush && this.axis.holds(this.start.x) && Math.abs(place.x - this.start.x) > 4) {
      const to = Math.min(this.axis.end, Math.max(this.axis.left, place.x))
      this.brush = { from: this.start.x, to }
      this.draw()
      return
    }
    this.hover(place)
  }

  hover(place) {
    const target = this.target(place)
    const overChart = this.axis.holds(place.x)
    this.canvas.style.cursor = overChart ? "crosshair" : "pointer"
    if (!target.box || (!overChart && !target.box.row.title)) { this.readout.hide(); return }
    const bounds = this.root.getBoundingClientRect(), own = this.canvas.getBoundingClientRect()
    const lines = overChart ? this.told(target) : [target.box.row.title]
    this.readout.show(lines, place.x, place.y + own.top - bounds.top)
  }

  told({ box: { row }, line, column }) {
    const iteration = `iteration ${this.model.iterations[column].toLocaleString("en")}`
    const place = column - (row.column0 || 0)
    const data = this.numbers.get(row)
    const name = row.line_labels && line >= 0 ? row.line_labels[line] : row.label
    const lines = [`${name}, ${iteration}`]
    if (row.kind === "image") {
      const values = data[1] || data[0]
      const value = values.array[line * values.shape[1] + place]
      const words = row.value_names
      if (data[0].array[line * data[0].shape[1] + place] === 255) lines.push("not recorded")
      else lines.push(`${row.value_label || "value"}: ${words ? words[Math.round(value)] ?? value : number(value)}`)
    } else if (row.kind === "marks") {
      row.marks.filter((mark) => mark.column === column).forEach((mark) => lines.push(mark.text))
    } else {
      data.forEach(({ array }, i) => lines.push(`${(row.series?.[i]?.name) || i}: ${number(array[place])}`))
    }
    const triangle = (row.triangles || []).find(([at]) => at === column)
    if (triangle) lines.push(`${triangle[1]} anomalous`)
    return lines
  }

  up(event) {
    if (!this.start) return
    const place = this.place(event)
    if (this.brush) {
      const columns = [this.axis.column(this.brush.from), this.axis.column(this.brush.to)].sort((a, b) => a - b)
      this.brush = null
      this.send({ type: "brush", first: columns[0], last: columns[1] })
      this.draw()
    } else {
      const target = this.target(place)
      const box = target.box
      delete target.box
      const onLabel = place.x < this.axis.left
      if (box && onLabel && box.row.toggle && place.x < 24 + 12 * (box.row.indent || 0)) this.send({ type: "toggle", ...target })
      else if (box && onLabel) this.send({ type: "label", ...target, shift: event.shiftKey })
      else if (this.axis.holds(place.x)) this.send({ type: "pick", ...target, shift: event.shiftKey })
    }
    this.start = null
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!step) return
    event.preventDefault()
    this.send({ type: "step", step })
  }

  send(event) {
    const { box, ...plain } = event
    this.count += 1
    this.model.event = { ...plain, count: this.count }
  }

  // What is drawn, for tests and for assistive tools.
  report() {
    const { model } = this
    this.root.dataset.testid = model.test_id
    this.canvas.setAttribute("aria-label", model.description)
    this.root.dataset.state = JSON.stringify({
      left: this.axis.left, span: this.axis.span, first: model.first, last: model.last,
      picked: model.picked, selected: model.selected,
      rows: this.boxes.map(({ row, top, height }) => ({
        id: row.id, label: row.label, kind: row.kind, top, height, toggle: row.toggle || "",
        lines: this.numbers.get(row)[0]?.shape?.[0] ?? 0, triangles: row.triangles || [],
        row_marks: row.row_marks || [],
      })),
    })
  }
}

// Stands a chart of the given class in an element and keeps it in step with its model.
function renderChart(Chart, { model, el }, watched = []) {
  const style = document.createElement("style")
  style.textContent = STYLE
  const root = document.createElement("div")
  root.className = "dt-root"
  el.append(style, root)
  const chart = new Chart(model, root)
  let waiting = false
  const later = () => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => { waiting = false; chart.draw() })
  }
  const own = ["rows", "data", "picked", "selected", "first", "last", "iterations", "palettes"]
  model.on([...own, ...watched], later)
  model.on("remove", () => chart.observer.disconnect())
  later()
}
