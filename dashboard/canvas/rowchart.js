// A stack of rows over one time axis. The server sends rows and bytes; what a person does goes back
// as `event`. Only rows in sight are drawn; picks, the brush and the zoom are drawn here at once.

const GAP = 4
const AXIS_HEIGHT = 22
const FEWEST_COLUMNS = 4

class RowChart {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.scroll = document.createElement("div")
    this.scroll.className = "dt-scroll"
    this.canvas = document.createElement("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "img")
    this.spacer = document.createElement("div")
    this.scroll.append(this.canvas, this.spacer)
    this.foot = document.createElement("canvas")
    this.foot.setAttribute("aria-hidden", "true")
    this.cross = document.createElement("div")
    this.cross.className = "dt-cross"
    this.cross.hidden = true
    this.say = document.createElement("div")
    this.say.className = "dt-say"
    this.say.setAttribute("role", "status")
    if (model.can_brush) {
      this.overview = new Overview(this)
      root.append(this.overview.canvas)
    }
    root.append(this.scroll, this.foot, this.cross, this.say)
    this.readout = readout(root)
    this.brush = null
    this.pending = null
    this.cursor = -1
    this.count = 0
    this.listen()
    // The page's tools ask a chart to draw itself into a file.
    root.dtSize = () => ({ width: root.clientWidth, height: this.room + (model.show_axis ? AXIS_HEIGHT : 0) })
    root.dtPaint = (context) => this.paintWhole(context)
  }

  listen() {
    const on = (name, act) => this.canvas.addEventListener(name, act)
    on("pointerdown", (event) => this.down(event))
    on("pointermove", (event) => this.move(event))
    on("pointerup", (event) => this.up(event))
    on("pointerleave", () => {
      if (this.brush) return
      this.readout.hide()
      document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column: -1 } }))
    })
    on("dblclick", (event) => {
      const place = this.place(event)
      if (this.axis.holds(place.x)) this.send({ type: "reset", ...this.target(place), before: this.before })
    })
    on("keydown", (event) => this.key(event))
    on("blur", () => { this.cursor = -1; this.draw() })
    if (this.model.can_brush) this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false })
    this.scroll.addEventListener("scroll", () => this.later())
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(this.root)
    this.hovered = (event) => this.follow(event.detail.column)
    document.addEventListener("dt-hover", this.hovered)
    this.respaced = () => this.later()
    document.addEventListener("dt-spacing", this.respaced)
    this.forgetScreen = onFullScreen(this.respaced)
    this.forget = onTheme(() => this.later())
  }

  remove() {
    this.observer.disconnect()
    document.removeEventListener("dt-hover", this.hovered)
    document.removeEventListener("dt-spacing", this.respaced)
    this.forgetScreen()
    this.forget()
  }

  later() {
    if (this.waiting) return
    this.waiting = true
    requestAnimationFrame(() => { this.waiting = false; this.draw() })
  }

  get first() { return this.pending ? this.pending.first : this.model.first }
  get last() { return this.pending ? this.pending.last : this.model.last }
  get isWhole() { return this.first === 0 && this.last >= this.model.iterations.length - 1 }

  // Rows with their place in the whole stack.
  layout() {
    const { rows } = this.model
    const gaps = rows.reduce((sum, row) => sum + (row.gap ?? GAP), GAP)
    const whole = gaps + rows.reduce((sum, row) => sum + row.height, 0)
    this.fit(whole, gaps)
    let top = GAP
    this.boxes = rows.map((row) => {
      const box = { row, top, height: row.height * this.stretch }
      top += box.height + (row.gap ?? GAP)
      return box
    })
    this.height = top
    this.room = Math.min(this.most || top, top)
  }

  // On the whole screen a chart takes the room that there is; short rows grow.
  fit(whole, gaps = 0) {
    const { model } = this
    const below = model.show_axis ? AXIS_HEIGHT : 0
    const screen = model.fills ? screenRoom(this.scroll, below) : 0
    this.most = model.scroll_height && Math.max(model.scroll_height, screen)
    this.stretch = screen ? stretched(screen - gaps, whole - gaps) : 1
    const taller = screen && Math.min(screen, gaps + (whole - gaps) * this.stretch) + below
    reserve(this.root, taller && taller + this.scroll.offsetTop)
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
      const both = new Uint32Array(packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength))
      this.tables[name] = { light: both.subarray(0, 256), dark: both.subarray(256) }
    }
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
    this.root.style.minHeight = `${this.room + (model.show_axis ? AXIS_HEIGHT : 0)}px`
    if (this.overview) this.overview.draw(width)
    this.paint(crisp(this.canvas, width, this.room))
    if (model.show_axis) {
      drawTimeLabels(crisp(this.foot, width, AXIS_HEIGHT), this.axis, AXIS_HEIGHT / 2)
    }
    this.foot.style.display = model.show_axis ? "block" : "none"
    this.report()
  }

  // Draw the part of the stack that is scrolled into sight.
  paint(context) {
    const { model } = this
    const top = this.scroll.scrollTop
    const selected = new Set(model.selected)
    context.save()
    context.translate(0, -top)
    this.boxes.forEach((box, place) => {
      if (box.top + box.height < top - 20 || box.top > top + this.room + 20) return
      this.drawLabel(context, box, selected.has(box.row.id), place === this.cursor)
      const drawer = DRAWERS[box.row.kind]
      if (drawer) drawer(context, this.axis, box.row, this.numbers.get(box.row), box, this.tables)
    })
    drawPicks(context, this.axis, model.picked, top, top + this.room)
    if (this.brush) this.drawBrush(context, top)
    context.restore()
  }

  paintWhole(context) {
    this.paint(context)
    if (!this.model.show_axis) return
    context.save()
    context.translate(0, this.room)
    drawTimeLabels(context, this.axis, AXIS_HEIGHT / 2)
    context.restore()
  }

  drawLabel(context, { row, top, height }, selected, pointed) {
    if (selected || pointed) {
      context.fillStyle = SOFT
      context.fillRect(0, top - 1, this.axis.left - 2, height + 2)
    }
    if (pointed) {
      context.strokeStyle = ACCENT
      context.lineWidth = 1.5
      context.strokeRect(1, top - 0.5, this.axis.left - 4, height + 1)
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
    context.fillStyle = selected ? ACCENT : INK
    context.font = row.strong || selected ? `600 ${FONT}` : FONT
    context.fillText(fitted(context, row.label || "", room), x + 13, y)
    context.font = FONT
    if (row.detail && height >= 26) {
      context.fillStyle = FAINT
      context.fillText(fitted(context, row.detail, room), x + 13, y + 14)
    }
    let line = y + 14
    for (const series of row.legend || []) {
      context.fillStyle = themed(series.colour)
      context.fillRect(x + 13, line - 1, 12, 2.5)
      context.fillStyle = FAINT
      context.fillText(fitted(context, series.name, room - 18), x + 30, line)
      line += 13
    }
  }

  drawBrush(context, top) {
    const low = Math.min(this.brush.from, this.brush.to), high = Math.max(this.brush.from, this.brush.to)
    context.fillStyle = pale(SERIES[0], 0.16)
    context.strokeStyle = SERIES[0]
    context.fillRect(low, top, high - low, this.room)
    context.strokeRect(low + 0.5, top + 0.5, high - low, this.room - 1)
  }

  place(event) {
    const bounds = this.canvas.getBoundingClientRect()
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top + this.scroll.scrollTop }
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
    // A double click begins as a click: what was picked before it comes back.
    if (event.timeStamp - (this.downAt || -1e9) > 500) this.before = [...this.model.picked]
    this.downAt = event.timeStamp
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
    const column = overChart ? target.column : -1
    document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column } }))
    if (!target.box || (!overChart && !target.box.row.title)) { this.readout.hide(); return }
    const bounds = this.root.getBoundingClientRect(), own = this.canvas.getBoundingClientRect()
    const lines = overChart ? this.told(target, place.x) : [target.box.row.title]
    this.readout.show(lines, place.x, place.y - this.scroll.scrollTop + own.top - bounds.top)
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

  told({ box: { row }, line, column }, x) {
    const iteration = `iteration ${(this.model.iterations[column] ?? 0).toLocaleString("en")}`
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
    } else if (row.kind === "curves") {
      row.series.forEach((series, i) => {
        const nearest = this.nearest(data[3 * i].array, x)
        if (nearest < 0) return
        const raw = number(data[3 * i + 1].array[nearest])
        lines.push(`${series.name}: ${row.smoothed ? `${number(data[3 * i + 2].array[nearest])} (recorded ${raw})` : raw}`)
      })
    } else {
      data.forEach(({ array }, i) => lines.push(`${(row.series?.[i]?.name) || i}: ${number(array[place])}`))
    }
    const triangle = (row.triangles || []).find(([at]) => at === column)
    if (triangle) lines.push(`${triangle[1]} anomalous`)
    return lines
  }

  // Of rising places in columns, the one nearest to a pixel.
  nearest(places, x) {
    if (!places.length) return -1
    let low = 0, high = places.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.axis.place(places[middle]) < x) low = middle + 1; else high = middle
    }
    const before = Math.max(0, low - 1)
    const apart = (i) => Math.abs(this.axis.place(places[i]) - x)
    return apart(before) < apart(low) ? before : low
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

  // The wheel zooms about the pointer; sideways it moves the window.
  wheel(event) {
    const { x } = this.place(event)
    if (!this.axis.holds(x)) return
    event.preventDefault()
    const most = this.model.iterations.length - 1
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey
    const turned = Math.max(-240, Math.min(240, event.deltaY || event.deltaX))
    if (sideways) {
      const step = Math.round((Math.sign(event.deltaX || event.deltaY) * this.axis.count) / 10) || 1
      const by = Math.min(most - this.last, Math.max(-this.first, step))
      this.zoomTo(this.first + by, this.last + by)
      return
    }
    const share = (x - this.axis.left) / this.axis.span
    const count = Math.max(Math.min(FEWEST_COLUMNS, most + 1),
      Math.min(most + 1, Math.round(this.axis.count * Math.exp(turned * 0.0022))))
    const held = this.axis.column(x)
    const first = Math.min(most + 1 - count, Math.max(0, Math.round(held + 0.5 - share * count)))
    this.zoomTo(first, first + count - 1)
  }

  // Show other columns at once, and tell the server, which answers with the same.
  zoomTo(first, last) {
    const most = this.model.iterations.length - 1
    this.pending = { first: Math.max(0, first), last: Math.min(most, last) }
    this.later()
    if (this.telling) return
    this.telling = setTimeout(() => {
      this.telling = null
      if (this.pending) this.send({ type: "brush", ...this.pending })
      clearTimeout(this.settling)
      this.settling = setTimeout(() => { if (!this.telling) { this.pending = null; this.later() } }, 1500)
    }, 90)
  }

  // The server's word on what is shown; an older answer does not undo a newer turn of the wheel.
  framed() {
    const { pending, model } = this
    if (pending && pending.first === model.first && pending.last === model.last) this.pending = null
    else if (pending && !this.telling) this.pending = null
    this.later()
  }

  key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (step) {
      event.preventDefault()
      this.pointAt(Math.min(this.boxes.length - 1, Math.max(0, this.cursor + step)))
    } else if (event.key === "Enter" && this.boxes[this.cursor]) {
      event.preventDefault()
      this.send({ type: "label", row: this.boxes[this.cursor].row.id, line: -1, column: this.first, shift: event.shiftKey })
    } else if (event.key === "Escape") {
      this.cursor = -1
      this.draw()
    }
  }

  // Put the keyboard's cursor on a row, bring it into sight, and say what it is.
  pointAt(place) {
    this.cursor = place
    const { row, top, height } = this.boxes[place]
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top - GAP
    else if (top + height > this.scroll.scrollTop + this.room) this.scroll.scrollTop = top + height - this.room + GAP
    const column = this.model.picked.at(-1)
    const told = column === undefined ? [row.title || row.label] : this.told({ box: { row }, line: 0, column }, this.axis.centre(column))
    this.say.textContent = [row.toggle === "open" ? "unfolded" : row.toggle ? "folded" : "", ...told].filter(Boolean).join("; ")
    this.draw()
  }

  // Scroll to a row that was picked elsewhere on the page.
  reveal() {
    const before = this.shownSelected || []
    const fresh = this.model.selected.find((id) => !before.includes(id))
    this.shownSelected = [...this.model.selected]
    requestAnimationFrame(() => {
      this.draw()
      const box = (this.boxes || []).find(({ row }) => row.id === fresh)
      if (!box) return
      const top = this.scroll.scrollTop
      if (box.top < top || box.top + box.height > top + this.room) this.scroll.scrollTop = box.top - this.room / 3
    })
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
    this.canvas.setAttribute("aria-label", `${model.description} Arrow keys up and down walk through the rows, Enter opens one.`)
    this.root.dataset.state = JSON.stringify({
      left: this.axis.left, span: this.axis.span, first: this.first, last: this.last,
      spacing: this.axis.isTrue ? "true" : "ordinal", dark: DARK, scrolled: this.scroll.scrollTop,
      picked: model.picked, selected: model.selected, cursor: this.cursor,
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
  const own = ["rows", "data", "picked", "iterations", "palettes", "overview"]
  model.on([...own, ...watched], () => chart.later())
  model.on("selected", () => chart.reveal())
  model.on(["first", "last"], () => chart.framed())
  model.on("remove", () => chart.remove())
  chart.later()
}
