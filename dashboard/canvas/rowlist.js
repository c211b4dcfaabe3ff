// A long list of rows over one time axis. The canvas stands still over what is in sight; rows come
// from the server as they are needed, and picks are drawn here at once.

const AXIS_HEIGHT = 22
const LABEL_PITCH = 13
const ROOM = [420, 1400]
const ROOM_SHARE = 0.62
const NUMBERS = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array }

// A share of a maximum as one of a palette's 255 colours, on a square-root scale.
function shade(value, top) {
  if (!Number.isFinite(value)) return 255
  return Math.round(254 * Math.min(1, Math.sqrt(Math.max(0, value) / top)))
}

// What one number of a row looks like: a place in its palette.
const SHADES = {
  heat: (value, row) => shade(value, row.scale_top),
  outcome: (value) => (value === 255 ? 255 : value * 254),
  label: (value) => (value === 65535 ? 255 : value % 254),
  amount: (value, row) => shade(value, row.scale_top),
}
const PALETTE = { heat: "blues", outcome: "outcome", label: "classes", amount: "blues" }

class RowList {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.scroll = document.createElement("div")
    this.scroll.className = "dt-scroll"
    this.spacer = document.createElement("div")
    this.canvas = document.createElement("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "img")
    this.canvas.style.position = "sticky"
    this.canvas.style.top = "0"
    this.spacer.appendChild(this.canvas)
    this.scroll.appendChild(this.spacer)
    this.foot = document.createElement("canvas")
    this.foot.setAttribute("aria-hidden", "true")
    this.cross = document.createElement("div")
    this.cross.className = "dt-cross"
    this.cross.hidden = true
    this.say = document.createElement("div")
    this.say.className = "dt-say"
    this.say.setAttribute("role", "status")
    root.append(this.scroll, this.foot, this.cross, this.say)
    this.readout = readout(root)
    this.pictures = new WeakMap()
    this.count = 0
    this.cursor = ""
    this.waiting = false
    this.listen()
    // The page's tools ask a chart to draw itself into a file.
    root.dtSize = () => ({ width: root.clientWidth, height: this.height + AXIS_HEIGHT })
    root.dtPaint = (context) => this.paintWhole(context)
  }

  listen() {
    const on = (name, act) => this.canvas.addEventListener(name, act)
    on("pointermove", (event) => this.hover(this.place(event)))
    on("pointerleave", () => {
      this.readout.hide()
      document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column: -1 } }))
    })
    on("click", (event) => this.click(event))
    on("dblclick", (event) => {
      const place = this.place(event)
      if (this.axis.holds(place.x)) this.send({ type: "reset", ...this.target(place) })
    })
    on("keydown", (event) => this.key(event))
    on("blur", () => { this.cursor = ""; this.later() })
    this.scroll.addEventListener("scroll", () => { this.readout.hide(); this.later() })
    this.observer = new ResizeObserver(() => this.later())
    this.observer.observe(this.root)
    this.hovered = (event) => this.follow(event.detail.column)
    document.addEventListener("dt-hover", this.hovered)
    this.respaced = () => this.later()
    this.forgetScreen = onFullScreen(this.respaced)
    document.addEventListener("dt-spacing", this.respaced)
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

  // Tell the server what is in sight: soon where rows run out, and where scrolling has ended.
  ask() {
    const { model } = this
    const top = this.scroll.scrollTop, margin = model.room / 2
    const [low, high] = model.cover
    const short = (low > 0 && top - low < margin) || (high < model.total && high - top - model.room < margin)
    if (!short && top === model.sight.top) return
    if (this.asking && !short) return
    if (this.asking && this.urgent) return
    clearTimeout(this.asking)
    this.urgent = short
    this.asking = setTimeout(() => {
      this.asking = null
      this.asked = (this.asked || 0) + 1
      model.sight = { top: this.scroll.scrollTop, count: this.asked }
    }, short ? 50 : 200)
  }

  load() {
    const { model } = this
    if (this.loaded === model.data && this.loadedRows === model.rows) return
    this.loaded = model.data
    this.loadedRows = model.rows
    this.loads = (this.loads || 0) + 1
    const bytes = new Uint8Array(model.data || new ArrayBuffer(0))
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    this.numbers = new Map(model.rows.map((row) => [row, row.arrays.map(({ offset, dtype, shape }) => ({
      array: new NUMBERS[dtype](buffer, offset, shape.reduce((a, b) => a * b, 1)), shape,
    }))]))
  }

  // A taller window, or the full screen, shows more rows.
  fit() {
    const own = Math.round(Math.min(ROOM[1], Math.max(ROOM[0], window.innerHeight * ROOM_SHARE)))
    const screen = screenRoom(this.root, AXIS_HEIGHT)
    const room = screen || own
    if (room !== this.model.room) this.model.room = room
    this.stretch = screen ? stretched(screen, this.model.total) : 1
  }

  reveal() {
    const { reveal } = this.model
    if (!reveal.count || reveal.count === this.revealed) return
    this.revealed = reveal.count
    this.scroll.scrollTop = reveal.top
  }

  draw() {
    const width = this.root.clientWidth
    if (!width) return
    const { model } = this
    this.load()
    this.axis = new TimeAxis(model.iterations, model.first, model.last, model.left, model.right, width)
    this.fit()
    const total = model.total * this.stretch
    this.height = Math.min(model.room, total)
    reserve(this.root, this.stretch > 1 && this.height + AXIS_HEIGHT)
    this.scroll.style.height = `${this.height}px`
    this.spacer.style.height = `${total}px`
    this.reveal()
    this.scrolled = this.scroll.scrollTop
    this.boxes = model.rows
      .map((row) => ({ row, top: row.top * this.stretch - this.scrolled, height: row.height * this.stretch }))
      .filter((box) => box.top + box.height + 10 > 0 && box.top < this.height)
    this.paint(crisp(this.canvas, width, this.height))
    drawTimeLabels(crisp(this.foot, width, AXIS_HEIGHT), this.axis, AXIS_HEIGHT / 2)
    this.report()
    this.ask()
  }

  paint(context) {
    const { model } = this
    const selected = new Set(model.selected), opened = new Set(model.opened)
    context.save()
    context.beginPath()
    context.rect(0, 0, this.axis.end + model.right, this.height)
    context.clip()
    for (const box of this.boxes) this.drawRow(context, box, selected, opened)
    this.drawUnsent(context)
    drawPicks(context, this.axis, model.picked, 0, this.height)
    context.restore()
  }

  paintWhole(context) {
    this.paint(context)
    context.save()
    context.translate(0, this.height)
    drawTimeLabels(context, this.axis, AXIS_HEIGHT / 2)
    context.restore()
  }

  drawRow(context, box, selected, opened) {
    const { row } = box
    const [main, counts] = this.numbers.get(row)
    this.drawLabel(context, box, selected.has(row.id), row.id === this.cursor)
    const height = (row.picture_height || row.height) * this.stretch
    this.drawPicture(context, row, main, box.top, height)
    if (row.triangles) this.drawTriangles(context, row, box.top + height)
    if (counts) this.drawCounts(context, row, counts.array, box.top + height + 9, box.height - height - 9)
    if (row.members) this.drawMarks(context, row, box, opened)
  }

  // What has not arrived yet: faint lines where the rows will be.
  drawUnsent(context) {
    const [low, high] = this.model.cover
    context.fillStyle = GRID
    for (let y = 0; y < this.height; y += 20) {
      const place = (y + this.scrolled) / this.stretch
      if (place < low - 20 || place > high) context.fillRect(this.axis.left, y, this.axis.span, 12)
    }
  }

  // A row's numbers as pixels, painted once for each palette.
  picture(row, { array, shape }) {
    const table = this.table(PALETTE[row.kind])
    const kept = this.pictures.get(row)
    if (kept && kept.table === table) return kept.canvas
    const width = shape[shape.length - 1], height = shape.length > 1 ? shape[0] : 1
    const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height))
    const context = canvas.getContext("2d")
    const image = context.createImageData(Math.max(1, width), Math.max(1, height))
    const pixels = new Uint32Array(image.data.buffer)
    const place = SHADES[row.kind], right = this.table("outcome")[254]
    for (let i = 0; i < array.length; i += 1) {
      // Only wrong classes have colours of their own: what is right is calm.
      pixels[i] = array[i] === row.own_class ? right : table[place(array[i], row)]
    }
    context.putImageData(image, 0, 0)
    this.pictures.set(row, { canvas, table })
    return canvas
  }

  // A palette as 256 colours, light or dark as the page is.
  table(name) {
    this.tables ||= new Map()
    const bytes = this.model.palettes[name]
    if (!this.tables.has(bytes)) {
      const packed = new Uint8Array(bytes)
      const both = new Uint32Array(packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength))
      this.tables.set(bytes, { light: both.subarray(0, 256), dark: both.subarray(256) })
    }
    return this.tables.get(bytes)[DARK ? "dark" : "light"]
  }

  drawPicture(context, row, main, top, height) {
    const { axis } = this
    axis.blit(context, this.picture(row, main), 0, { top, height })
    if (row.kind !== "heat") return
    context.strokeStyle = LINE
    context.lineWidth = 1
    context.strokeRect(axis.left - 0.5, Math.round(top) - 0.5, axis.span + 1, height + 1)
  }

  // Anomalies: a triangle under the heat line, larger where more images are anomalous.
  drawTriangles(context, row, bottom) {
    const { axis } = this
    const width = Math.max(axis.span / axis.count, 4)
    context.fillStyle = INK
    for (const [column, count] of row.triangles) {
      if (!axis.shows(column)) continue
      const size = Math.min(7, 3 + 1.2 * Math.log2(count))
      const half = Math.min(size, width) * 0.75
      const x = axis.centre(column), y = bottom + 1
      context.beginPath()
      context.moveTo(x, y)
      context.lineTo(x - half, y + size)
      context.lineTo(x + half, y + size)
      context.fill()
    }
  }

  drawCounts(context, row, counts, top, height) {
    const { axis } = this
    const y = (value) => top + height - (height * value) / Math.max(1, row.counts_top)
    context.strokeStyle = LINE
    context.beginPath()
    context.moveTo(axis.left, Math.round(top + height) + 0.5)
    context.lineTo(axis.end, Math.round(top + height) + 0.5)
    context.stroke()
    context.strokeStyle = SERIES[1]
    context.lineWidth = 1.3
    context.beginPath()
    for (let column = axis.first; column <= axis.last; column += 1) {
      if (column > axis.first) context.lineTo(axis.centre(column), y(counts[column]))
      else context.moveTo(axis.centre(column), y(counts[column]))
    }
    context.stroke()
    context.lineWidth = 1
    context.fillStyle = FAINT
    context.textAlign = "right"
    context.fillText(number(row.counts_top), axis.left - 8, top + 4)
  }

  // The opened image's line.
  drawMarks(context, row, box, opened) {
    const { axis } = this
    row.members.forEach((member, line) => {
      if (!opened.has(member)) return
      const height = box.height / row.members.length
      const y = box.top + (line + 0.5) * height
      context.strokeStyle = PICK
      context.lineWidth = 1.5
      context.strokeRect(axis.left - 1, y - height / 2 - 1, axis.span + 2, height + 2)
      context.lineWidth = 1
      context.fillStyle = PICK
      context.beginPath()
      context.moveTo(axis.left - 3, y)
      context.lineTo(axis.left - 9, y - 4)
      context.lineTo(axis.left - 9, y + 4)
      context.fill()
    })
  }

  drawLabel(context, { row, top, height }, selected, pointed) {
    if (selected || pointed) {
      context.fillStyle = SOFT
      context.fillRect(0, top - 3, this.axis.left - 2, height + 6)
    }
    if (pointed) {
      context.strokeStyle = ACCENT
      context.lineWidth = 1.5
      context.strokeRect(1, top - 2.5, this.axis.left - 4, height + 5)
    }
    const x = 8 + 12 * (row.indent || 0)
    const y = top + (row.picture_height ? (row.picture_height * this.stretch) / 2 : Math.min(height / 2, 8))
    if (row.toggle) {
      context.fillStyle = FAINT
      context.beginPath()
      if (row.toggle === "open") { context.moveTo(x, y - 3); context.lineTo(x + 8, y - 3); context.lineTo(x + 4, y + 4) }
      else { context.moveTo(x + 1, y - 4); context.lineTo(x + 7, y); context.lineTo(x + 1, y + 4) }
      context.fill()
    }
    if (!row.label) return
    const end = this.axis.left - 8
    context.textAlign = "right"
    context.fillStyle = FAINT
    const detail = row.detail || ""
    const taken = detail ? context.measureText(detail).width + 8 : 0
    if (detail) context.fillText(detail, end, y)
    context.textAlign = "left"
    context.fillStyle = selected ? ACCENT : row.faint ? FAINT : INK
    context.font = row.strong || selected ? `600 ${FONT}` : FONT
    context.fillText(fitted(context, row.label, end - taken - x - 13), x + 13, y)
    context.font = FONT
    ;(row.notes || []).forEach((note, i) => {
      context.fillStyle = FAINT
      context.fillText(fitted(context, note, end - x - 13), x + 13, y + LABEL_PITCH * (i + 1))
    })
  }

  place(event) {
    const bounds = this.canvas.getBoundingClientRect()
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top }
  }

  // The row, line and column under a place.
  target({ x, y }) {
    const column = this.axis.column(x)
    const box = this.boxes.find((b) => y >= b.top - 2 && y < b.top + b.height + (b.row.gap || 0))
    if (!box) return { row: "", line: -1, column }
    const lines = box.row.members?.length || 0
    const line = lines ? Math.min(lines - 1, Math.max(0, Math.floor(((y - box.top) * lines) / box.height))) : -1
    return { row: box.row.id, line, column, box }
  }

  hover(place) {
    const { box, line, column } = this.target(place)
    const overChart = this.axis.holds(place.x)
    this.canvas.style.cursor = overChart ? "crosshair" : "pointer"
    document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column: overChart ? column : -1 } }))
    if (!box || (!overChart && !box.row.title)) { this.readout.hide(); return }
    const bounds = this.root.getBoundingClientRect(), own = this.canvas.getBoundingClientRect()
    const lines = overChart ? this.told(box.row, line, column) : box.row.title.split("\n")
    this.readout.show(lines, place.x, place.y + own.top - bounds.top)
  }

  // The line under the pointer of any chart stands on all of them.
  follow(column) {
    if (!this.axis) return
    this.cross.hidden = column < 0 || !this.axis.shows(column)
    if (this.cross.hidden) return
    this.cross.style.left = `${Math.round(this.axis.centre(column))}px`
    this.cross.style.height = `${this.height}px`
  }

  told(row, line, column) {
    const [main, counts] = this.numbers.get(row)
    const value = main.array[Math.max(0, line) * main.shape[main.shape.length - 1] + column]
    const name = line >= 0 ? row.line_labels[line] : row.label
    const lines = [`${name}, iteration ${this.model.iterations[column].toLocaleString("en")}`]
    const missing = !Number.isFinite(value) || (row.kind === "outcome" && value === 255) || (row.kind === "label" && value === 65535)
    if (missing) lines.push("not recorded")
    else if (row.kind === "heat") lines.push(`${number(100 * value)} % wrong: ${Math.round(value * row.size).toLocaleString("en")} of ${row.size.toLocaleString("en")} images`)
    else if (row.kind === "outcome") lines.push(value ? "right" : "wrong")
    else if (row.kind === "label") lines.push(`taken for ${row.value_names[value] ?? value}`)
    else lines.push(`${row.value_label}: ${number(value)}`)
    const triangle = (row.triangles || []).find(([at]) => at === column)
    const anomalous = triangle ? triangle[1] : counts ? counts.array[column] : 0
    if (row.kind === "heat" && anomalous) lines.push(`${number(anomalous)} anomalous`)
    return lines
  }

  click(event) {
    const place = this.place(event)
    const { box, ...target } = this.target(place)
    const onLabel = place.x < this.axis.left
    if (box && onLabel && box.row.toggle && place.x < 24 + 12 * (box.row.indent || 0)) this.send({ type: "toggle", ...target })
    else if (box && onLabel) this.send({ type: "label", ...target, shift: event.shiftKey })
    else if (this.axis.holds(place.x)) this.send({ type: "pick", ...target, shift: event.shiftKey })
  }

  // Up and down walk through the rows of the whole list, Enter unfolds one.
  key(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    const { rows } = this.model
    if (step && rows.length) {
      event.preventDefault()
      const at = rows.findIndex((row) => row.id === this.cursor)
      const start = rows.findIndex((row) => row.top >= this.scrolled)
      this.pointAt(rows[at < 0 ? start : Math.min(rows.length - 1, Math.max(0, at + step))])
    } else if (event.key === "Enter" && this.cursor) {
      event.preventDefault()
      this.send({ type: "label", row: this.cursor, line: -1, column: this.axis.first, shift: event.shiftKey })
    } else if (event.key === "Escape") {
      this.cursor = ""
      this.later()
    }
  }

  // Put the keyboard's cursor on a row, bring it into sight, and say what it is.
  pointAt(row) {
    this.cursor = row.id
    if (row.top < this.scroll.scrollTop) this.scroll.scrollTop = row.top
    const below = row.top + Math.min(row.height, this.height) - this.height
    if (below > this.scroll.scrollTop) this.scroll.scrollTop = below + 8
    const column = this.model.picked.at(-1)
    const folded = { open: "unfolded", closed: "folded" }[row.toggle] || ""
    const told = column === undefined ? [row.title || row.label] : this.told(row, row.members ? 0 : -1, column)
    this.say.textContent = [folded, ...told].filter(Boolean).join("; ")
    this.later()
  }

  send({ box, ...plain }) {
    this.count += 1
    this.model.event = { ...plain, count: this.count }
  }

  // What is drawn, for tests and for assistive tools.
  report() {
    const { model } = this
    this.root.dataset.testid = model.test_id
    this.canvas.setAttribute("aria-label", `${model.description} Arrow keys up and down walk through the rows, Enter opens one.`)
    this.root.dataset.state = JSON.stringify({
      left: this.axis.left, span: this.axis.span, first: model.first, last: model.last,
      spacing: this.axis.isTrue ? "true" : "ordinal", dark: DARK, cursor: this.cursor,
      picked: model.picked, selected: model.selected, opened: model.opened,
      scrolled: this.scrolled, total: model.total, entries: model.entries, cover: model.cover,
      room: this.height, loads: this.loads, sent_bytes: model.data?.byteLength || 0,
      rows: model.rows.map((row) => ({
        id: row.id, label: row.label, kind: row.kind, top: row.top * this.stretch, height: row.height * this.stretch,
        toggle: row.toggle || "", lines: row.members?.length || 0, triangles: row.triangles || [],
        members: row.members || [],
      })),
    })
  }
}

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = STYLE
  const root = document.createElement("div")
  root.className = "dt-root"
  el.append(style, root)
  const list = new RowList(model, root)
  model.on(["rows", "data", "total", "picked", "selected", "opened", "first", "last", "iterations",
    "palettes", "reveal"], () => list.later())
  model.on("remove", () => list.remove())
  list.later()
}
