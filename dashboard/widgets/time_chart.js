// What charts of rows over the time axis share: a sheet that stands still over what is in sight, the
// iterations at its foot, the line under the pointer, picks, keys, and words for who cannot see it.
// A kind of chart says how tall it is (`layout`), what a row looks like (`drawRow`) and tells (`told`).

// As in rowchart.py.
const GAP = 4
const AXIS_HEIGHT = 22

class TimeChart {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.scroll = made("div", "dt-scroll")
    this.canvas = made("canvas", "", { tabIndex: 0 })
    this.canvas.setAttribute("role", "img")
    this.spacer = made("div")
    this.scroll.append(this.canvas, this.spacer)
    this.foot = made("canvas")
    this.foot.setAttribute("aria-hidden", "true")
    this.cross = made("div", "dt-cross", { hidden: true })
    this.say = made("div", "dt-say")
    this.say.setAttribute("role", "status")
    root.append(this.scroll, this.foot, this.cross, this.say)
    this.readout = readout(root)
    this.rows = []
    this.boxes = []
    this.cursor = ""
    this.count = 0
    this.listen()
    // The page's tools ask a chart to draw itself into a file.
    root.dtSize = () => ({ width: root.clientWidth, height: this.room + this.footHeight })
    root.dtPaint = (context) => this.paintWhole(context)
  }

  listen() {
    const on = (name, act) => this.canvas.addEventListener(name, act)
    on("pointerdown", (event) => this.down(event))
    on("pointermove", (event) => this.move(event))
    on("pointerleave", () => this.leave())
    on("click", (event) => this.click(event))
    on("dblclick", (event) => {
      const place = this.place(event)
      if (this.axis.holds(place.x)) this.send({ type: "reset", ...this.target(place), before: this.before })
    })
    on("keydown", (event) => this.key(event))
    on("blur", () => { this.cursor = ""; this.later() })
    this.scroll.addEventListener("scroll", () => { this.readout.hide(); this.later() })
    this.observer = new ResizeObserver(() => this.later())
    this.observer.observe(this.root)
    const hovered = (event) => this.follow(event.detail.column), respaced = () => this.later()
    document.addEventListener("dt-hover", hovered)
    document.addEventListener("dt-spacing", respaced)
    const forgets = [onTheme(respaced), onFullScreen(respaced)]
    this.remove = () => {
      this.observer.disconnect()
      document.removeEventListener("dt-hover", hovered)
      document.removeEventListener("dt-spacing", respaced)
      forgets.forEach((forget) => forget())
    }
  }

  later() {
    if (this.waiting) return
    this.waiting = true
    requestAnimationFrame(() => { this.waiting = false; this.draw() })
  }

  get first() { return this.model.first }
  get last() { return this.model.last }
  get scrolled() { return this.scroll.scrollTop }
  get footHeight() { return AXIS_HEIGHT }
  sees({ top, height }) { return top + height + 20 > this.scrolled && top - 20 < this.scrolled + this.room }

  // What the server sent: each row's numbers, and the palettes. They come in several messages: what
  // belongs together bears one stamp, and until all of it is here the chart stays as it was.
  load() {
    const { rows, data, palettes } = this.model
    if (this.rows === rows && this.loaded === data && this.palettes === palettes) return
    const bytes = new Uint8Array(data || new ArrayBuffer(0))
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    const stamp = buffer.byteLength >= 4 ? new Uint32Array(buffer, 0, 1)[0] : -1
    if (rows.some((row) => row.stamp !== stamp || (row.palette && !palettes[row.palette]))) return
    Object.assign(this, { rows, loaded: data, palettes })
    this.loads = (this.loads || 0) + 1
    this.numbers = new Map(rows.map((row) => [row, unpacked(row, buffer)]))
    this.tables = {}
    for (const [name, table] of Object.entries(palettes)) {
      const packed = new Uint8Array(table)
      const both = new Uint32Array(packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength))
      this.tables[name] = { light: both.subarray(0, 256), dark: both.subarray(256) }
    }
  }

  // On the whole screen a chart takes the room that there is, and its rows grow; the gaps do not.
  grow(screen, whole, gaps = 0) {
    this.stretch = screen ? stretched(screen - gaps, whole - gaps) : 1
    const taller = screen && Math.min(screen, gaps + (whole - gaps) * this.stretch) + this.footHeight
    reserve(this.root, taller && taller + this.scroll.offsetTop)
  }

  draw() {
    const width = this.root.clientWidth
    if (!width) return
    const { model } = this
    this.load()
    this.layout()
    this.axis = new TimeAxis(model.iterations, this.first, this.last, model.left, model.right, width)
    this.scroll.style.height = `${this.room}px`
    this.spacer.style.height = `${Math.max(0, this.height - this.room)}px`
    this.paint(crisp(this.canvas, width, this.room))
    this.foot.style.display = this.footHeight ? "block" : "none"
    if (this.footHeight) drawTimeLabels(crisp(this.foot, width, AXIS_HEIGHT), this.axis, AXIS_HEIGHT / 2)
    this.report()
  }

  // Draw what is scrolled into sight.
  paint(context) {
    const { model, axis, scrolled: top } = this
    const selected = new Set(model.selected)
    context.save()
    context.beginPath()
    context.rect(0, 0, axis.end + model.right, this.room)
    context.clip()
    context.translate(0, -top)
    for (const box of this.boxes.filter((b) => this.sees(b))) {
      this.drawLabel(context, box, selected.has(box.row.id), box.row.id === this.cursor)
      this.drawRow(context, box)
    }
    drawPicks(context, axis, model.picked, top, top + this.room)
    this.drawOver(context, top)
    context.restore()
  }

  drawOver() {}

  paintWhole(context) {
    this.paint(context)
    if (!this.footHeight) return
    context.save()
    context.translate(0, this.room)
    drawTimeLabels(context, this.axis, AXIS_HEIGHT / 2)
    context.restore()
  }

  drawLabel(context, box, selected, pointed) {
    const { row, top, height } = box
    if (selected || pointed) {
      context.fillStyle = SOFT
      context.fillRect(0, top - 2, this.axis.left - 2, height + 4)
    }
    if (pointed) {
      context.strokeStyle = ACCENT
      context.lineWidth = 1.5
      context.strokeRect(1, top - 1.5, this.axis.left - 4, height + 3)
    }
    const x = 8 + 12 * (row.indent || 0), y = top + this.labelDepth(box)
    if (row.toggle) {
      context.fillStyle = FAINT
      context.beginPath()
      if (row.toggle === "open") { context.moveTo(x, y - 3); context.lineTo(x + 8, y - 3); context.lineTo(x + 4, y + 4) }
      else { context.moveTo(x + 1, y - 4); context.lineTo(x + 7, y); context.lineTo(x + 1, y + 4) }
      context.fill()
    }
    const room = this.drawBeside(context, box, x + 13, y)
    context.textAlign = "left"
    context.fillStyle = selected ? ACCENT : row.faint ? FAINT : INK
    context.font = row.strong || selected ? `600 ${FONT}` : FONT
    context.fillText(fitted(context, row.label || "", room), x + 13, y)
    context.font = FONT
  }

  place(event) {
    const bounds = this.canvas.getBoundingClientRect()
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top + this.scrolled }
  }

  // The row, line and column under a place.
  target({ x, y }) {
    const column = this.axis.column(x)
    const box = this.boxes.find((b) => y >= b.top - 2 && y < b.top + b.height + (b.row.gap ?? GAP))
    if (!box) return { row: "", line: -1, column }
    const lines = this.linesOf(box.row)
    const line = lines ? Math.min(lines - 1, Math.max(0, Math.floor(((y - box.top) * lines) / box.height))) : -1
    return { row: box.row.id, line, column, box }
  }

  down(event) {
    if (event.button) return
    // A double click begins as a click: what was picked before it comes back.
    if (event.timeStamp - (this.downAt ?? -1e9) > 500) this.before = [...this.model.picked]
    this.downAt = event.timeStamp
  }

  move(event) { this.hover(this.place(event)) }

  leave() {
    this.readout.hide()
    document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column: -1 } }))
  }

  hover(place) {
    const target = this.target(place)
    const overChart = this.axis.holds(place.x)
    this.canvas.style.cursor = overChart ? "crosshair" : "pointer"
    document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column: overChart ? target.column : -1 } }))
    if (!target.box || (!overChart && !target.box.row.title)) { this.readout.hide(); return }
    this.tell(overChart ? this.told(target, place.x) : target.box.row.title.split("\n"), place)
  }

  // Show lines beside a place.
  tell(lines, { x, y }) {
    const bounds = this.root.getBoundingClientRect(), own = this.canvas.getBoundingClientRect()
    this.readout.show(lines, x, y - this.scrolled + own.top - bounds.top)
  }

  // The line under the pointer of any chart stands on all of them.
  follow(column) {
    if (!this.axis) return
    this.cross.hidden = column < 0 || !this.axis.shows(column)
    if (this.cross.hidden) return
    this.cross.style.left = `${Math.round(this.axis.centre(column))}px`
    this.cross.style.top = `${this.scroll.offsetTop}px`
    this.cross.style.height = `${this.room}px`
  }

  click(event) {
    const place = this.place(event)
    const target = this.target(place), { box } = target
    const onLabel = place.x < this.axis.left
    if (box && onLabel && box.row.toggle && place.x < 24 + 12 * (box.row.indent || 0)) this.send({ type: "toggle", ...target })
    else if (box && onLabel) this.send({ type: "label", ...target, shift: event.shiftKey })
    else if (this.axis.holds(place.x)) this.send({ type: "pick", ...target, shift: event.shiftKey })
  }

  // Up and down walk through the rows, Enter acts on one.
  key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    const { boxes } = this
    if (step && boxes.length) {
      event.preventDefault()
      const at = boxes.findIndex(({ row }) => row.id === this.cursor)
      const inSight = Math.max(0, boxes.findIndex(({ top }) => top >= this.scrolled - 1))
      this.pointAt(boxes[at < 0 ? inSight : Math.min(boxes.length - 1, Math.max(0, at + step))])
    } else if (event.key === "Enter" && this.cursor) {
      event.preventDefault()
      this.send({ type: "label", row: this.cursor, line: -1, column: this.first, shift: event.shiftKey })
    } else if (event.key === "Escape") {
      this.cursor = ""
      this.later()
    }
  }

  // Put the keyboard's cursor on a row, bring it into sight, and say what it is.
  pointAt(box) {
    const { row, top } = box
    this.cursor = row.id
    const end = top + Math.min(box.height, this.room)
    if (top < this.scrolled) this.scroll.scrollTop = top - GAP
    else if (end > this.scrolled + this.room) this.scroll.scrollTop = end - this.room + GAP
    const column = this.model.picked.at(-1)
    const folded = { open: "unfolded", closed: "folded" }[row.toggle] || ""
    const line = this.linesOf(row) ? 0 : -1
    const told = column === undefined ? [row.title || row.label] : this.told({ box, line, column }, this.axis.centre(column))
    this.say.textContent = [folded, ...told].filter(Boolean).join("; ")
    this.later()
  }

  // Scroll to what the server points at, if it is out of sight.
  goThere() {
    const { reach } = this.model
    if (!reach.count || reach.count === this.reached) return
    // The rows that it is among may still be on their way.
    if (reach.top + reach.height > this.model.total) return
    this.reached = reach.count
    const top = reach.top * this.stretch, height = reach.height * this.stretch
    const above = this.scrolled > top - 8
    const below = this.scrolled + this.room < top + Math.min(height, this.room)
    if (above || below) this.scroll.scrollTop = Math.max(0, top - 60)
  }

  // A row was picked, or other columns are to be shown.
  reveal() { this.later() }
  framed() { this.later() }

  send({ box, ...plain }) {
    this.count += 1
    this.model.event = { ...plain, count: this.count }
  }

  get words() { return `${this.model.description} Arrow keys up and down walk through the rows, Enter opens one.` }

  // What is drawn, for tests and for assistive tools.
  report() {
    this.root.dataset.testid = this.model.test_id
    this.canvas.setAttribute("aria-label", this.words)
    this.root.dataset.state = JSON.stringify(this.state())
  }

  state() {
    const { model, axis } = this
    return {
      left: axis.left, span: axis.span, first: this.first, last: this.last,
      spacing: axis.isTrue ? "true" : "ordinal", dark: DARK, scrolled: this.scrolled,
      picked: model.picked, selected: model.selected, cursor: this.cursor,
      sent_bytes: model.data?.byteLength || 0, rows: this.boxes.map((box) => this.rowState(box)),
    }
  }

  rowState({ row, top, height }) {
    const column0 = row.column0 || 0, step = row.step || 1
    const counts = row.threshold ? this.numbers.get(row).at(-1).array : []
    return {
      id: row.id, label: row.label, kind: row.kind, top, height, toggle: row.toggle || "",
      column0, step, triangles: marksOf(row, counts).map(([place, count]) => [column0 + place * step, count]),
    }
  }
}

function made(tag, name = "", values = {}) {
  return Object.assign(document.createElement(tag), { className: name, ...values })
}

// Stands a chart of the given class in an element and keeps it in step with its model.
function renderChart(Chart, { model, el }, watched = []) {
  const root = made("div", "dt-root")
  el.append(made("style", "", { textContent: STYLE }), root)
  const chart = new Chart(model, root)
  model.on(["rows", "data", "picked", "iterations", "palettes", ...watched], () => chart.later())
  model.on("selected", () => chart.reveal())
  model.on(["first", "last"], () => chart.framed())
  model.on("remove", () => chart.remove())
  chart.later()
}
