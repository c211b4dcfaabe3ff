// A stack of rows over the time axis, all of them sent. The brush and the zoom are drawn here at
// once; the server, which is told as `event`, answers with the same.

const FEWEST_COLUMNS = 4

class RowChart extends TimeChart {
  constructor(model, root) {
    super(model, root)
    this.brush = null
    this.pending = null
    if (!model.can_brush) return
    this.overview = new Overview(this)
    root.prepend(this.overview.canvas)
    this.canvas.addEventListener("pointerup", () => this.up())
    this.canvas.addEventListener("pointercancel", () => { this.start = this.brush = null; this.later() })
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false })
  }

  get first() { return this.pending ? this.pending.first : this.model.first }
  get last() { return this.pending ? this.pending.last : this.model.last }
  get isWhole() { return this.first === 0 && this.last >= this.model.iterations.length - 1 }
  get footHeight() { return this.model.show_axis ? AXIS_HEIGHT : 0 }

  // Rows one below another.
  layout() {
    const gaps = this.rows.reduce((sum, row) => sum + (row.gap ?? GAP), GAP)
    this.fit(gaps + this.rows.reduce((sum, row) => sum + row.height, 0), gaps)
    let top = GAP
    this.boxes = this.rows.map((row) => {
      const box = { row, top, height: row.height * this.stretch }
      top += box.height + (row.gap ?? GAP)
      return box
    })
    this.height = top
    this.room = Math.min(this.most || top, top)
  }

  fit(whole, gaps = 0) {
    const { scroll_height: scrolls, fills } = this.model
    const screen = fills ? screenRoom(this.scroll, this.footHeight) : 0
    this.most = scrolls && Math.max(scrolls, screen)
    this.grow(screen, whole, gaps)
  }

  draw() {
    super.draw()
    if (!this.axis) return
    this.root.style.minHeight = `${this.room + this.footHeight}px`
    if (this.overview) this.overview.draw(this.root.clientWidth)
  }

  drawRow(context, box) {
    const { row } = box
    DRAWERS[row.kind]?.(context, this.axis, row, this.numbers.get(row), box, this.tables)
  }

  drawOver(context, top) {
    if (!this.brush) return
    const low = Math.min(this.brush.from, this.brush.to), high = Math.max(this.brush.from, this.brush.to)
    context.fillStyle = pale(SERIES[0], 0.16)
    context.strokeStyle = SERIES[0]
    context.lineWidth = 1
    context.fillRect(low, top, high - low, this.room)
    context.strokeRect(low + 0.5, top + 0.5, high - low, this.room - 1)
  }

  labelDepth({ height }) { return Math.min(height / 2, 12) }

  // Under the name: a detail, and what the colours of lines mean.
  drawBeside(context, { row, height }, x, y) {
    const room = this.axis.left - x - 1 - (row.label_room || 8)
    context.textAlign = "left"
    context.fillStyle = FAINT
    if (row.detail && height >= 26) context.fillText(fitted(context, row.detail, room), x, y + 14)
    ;(row.legend || []).forEach((series, place) => {
      const line = y + 14 + 13 * place
      context.fillStyle = themed(series.colour)
      context.fillRect(x, line - 1, 12, 2.5)
      context.fillStyle = FAINT
      context.fillText(fitted(context, series.name, room - 18), x + 17, line)
    })
    return room
  }

  linesOf(row) { return row.kind === "image" ? this.numbers.get(row)[0].shape[0] : 0 }

  down(event) {
    super.down(event)
    this.brushed = false
    const { x } = this.place(event)
    if (event.button || !this.model.can_brush || !this.axis.holds(x)) return
    this.start = x
    this.canvas.setPointerCapture(event.pointerId)
  }

  move(event) {
    const { x } = this.place(event)
    if (this.start === null || this.start === undefined || Math.abs(x - this.start) <= 4) { super.move(event); return }
    this.brush = { from: this.start, to: Math.min(this.axis.end, Math.max(this.axis.left, x)) }
    this.later()
  }

  leave() { if (!this.brush) super.leave() }

  up() {
    this.start = null
    if (!this.brush) return
    const [first, last] = [this.brush.from, this.brush.to].map((x) => this.axis.column(x)).sort((a, b) => a - b)
    this.brush = null
    this.brushed = true
    this.send({ type: "brush", first, last })
    this.later()
  }

  // The end of a brush is no click.
  click(event) {
    if (!this.brushed) super.click(event)
    this.brushed = false
  }

  told({ box: { row }, line, column }, x) {
    const data = this.numbers.get(row)
    const place = placeOf(row, column)
    const name = row.line_labels && line >= 0 ? row.line_labels[line] : row.label
    const lines = [`${name}, ${placeTold(row, column, this.model.iterations)}`]
    if (row.kind === "image") {
      const at = Math.max(0, line) * data[0].shape[1] + place
      const level = data[0].array[at], value = (data[1] || data[0]).array[at]
      const words = row.value_names
      if (row.palette === "outcome") lines.push(outcomeTold(level))
      else if (level === 255) lines.push("not recorded")
      else lines.push(`${row.value_label || "value"}: ${words ? words[value] ?? value : number(value)}`)
      if (row.threshold && data[2].array[place]) lines.push(`${data[2].array[place]} anomalous`)
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

  // Scroll to a row that was picked elsewhere on the page.
  reveal() {
    const before = this.shownSelected || []
    const fresh = this.model.selected.find((id) => !before.includes(id))
    this.shownSelected = [...this.model.selected]
    requestAnimationFrame(() => {
      this.draw()
      const box = this.boxes.find(({ row }) => row.id === fresh)
      if (!box) return
      const top = this.scrolled
      if (box.top < top || box.top + box.height > top + this.room) this.scroll.scrollTop = box.top - this.room / 3
    })
  }

  rowState(box) {
    const { row, height } = box
    const scaled = row.kind === "lines" || row.kind === "curves"
    return {
      ...super.rowState(box), lines: this.numbers.get(row)[0]?.shape?.[0] ?? 0,
      ticks: scaled ? ticksOf(row, height).map(([, text]) => text) : [],
      series: (row.legend || []).map(({ name, colour }) => [name, colour]),
    }
  }
}
