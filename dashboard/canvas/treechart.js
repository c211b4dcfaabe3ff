// A row chart of any length: rows stand at the heights that the server gave them, and those that are
// not here yet are asked for when they come near.

class TreeChart extends RowChart {
  constructor(model, root) {
    super(model, root)
    this.boxes = []
    this.pointed = ""
    this.canvas.addEventListener("pointerleave", () => { this.over = ""; this.later() })
    this.canvas.addEventListener("blur", () => { this.pointed = ""; this.later() })
  }

  layout() {
    const { model } = this
    this.fit(model.total)
    this.boxes = model.rows.map((row) => ({ row, top: row.top * this.stretch, height: row.height * this.stretch }))
    this.height = model.total * this.stretch
    this.room = Math.min(this.most || this.height, this.height)
    this.cursor = this.pointed ? this.boxes.findIndex(({ row }) => row.id === this.pointed) : -1
  }

  draw() {
    super.draw()
    if (!this.axis) return
    this.goThere()
    this.ask()
  }

  paint(context) {
    super.paint(context)
    context.save()
    context.translate(0, -this.scrolled)
    for (const box of this.boxes.filter((b) => this.sees(b))) {
      const { row } = box
      const marks = this.model.marks[row.id]
      if (marks) drawFilterMarks(context, this.axis, row, box, marks, this.numbers.get(row)[0].shape[0])
      if (row.can_enlarge && [this.over, this.pointed, this.model.enlarged].includes(row.id)) this.drawEnlarge(context, box)
    }
    if (!this.isSent()) this.drawWaiting(context)
    context.restore()
  }

  get scrolled() { return this.scroll.scrollTop }
  sees({ top, height }) { return top + height >= this.scrolled && top <= this.scrolled + this.room }

  // Where a click enlarges a row: at the end of its label, or under it where there is room.
  enlargeAt({ row, top, height }) {
    if (height > 100) return { x: 21 + 12 * (row.indent || 0), y: top + 36, size: 16 }
    return { x: this.axis.left - (row.label_room || 54) - 16, y: top + Math.max(0, Math.min(height - 18, 18)), size: 16 }
  }

  drawEnlarge(context, box) {
    const { x, y, size } = this.enlargeAt(box)
    const isLarge = box.row.id === this.model.enlarged
    context.fillStyle = SOFT
    context.fillRect(x, y, size, size)
    context.strokeStyle = ACCENT
    context.lineWidth = 1.3
    context.beginPath()
    // Two arrows, apart or towards each other.
    for (const [sign, cx, cy] of [[-1, x + 5, y + 11], [1, x + 11, y + 5]]) {
      const ends = [[cx - 2 * sign, cy + 2 * sign], [cx + 1.5 * sign, cy - 1.5 * sign]]
      const [tail, head] = isLarge ? ends.reverse() : ends
      const back = isLarge ? -1 : 1
      context.moveTo(...tail); context.lineTo(...head)
      context.moveTo(...head); context.lineTo(head[0] - 3.5 * sign * back, head[1])
      context.moveTo(...head); context.lineTo(head[0], head[1] + 3.5 * sign * back)
    }
    context.stroke()
  }

  drawWaiting(context) {
    const [top, bottom] = this.model.sent
    const at = this.scrolled < top ? Math.min(top, this.scrolled + this.room) - 14 : Math.max(bottom, this.scrolled) + 14
    context.fillStyle = FAINT
    context.textAlign = "left"
    context.fillText("loading…", 21, Math.min(this.scrolled + this.room - 10, Math.max(this.scrolled + 10, at)))
  }

  isSent(beyond = 0) {
    const [top, bottom] = this.model.sent
    return Math.max(0, this.scrolled - beyond) >= top
      && Math.min(this.model.total, this.scrolled + this.room + beyond) <= bottom
  }

  // Ask for what is in sight, a little before it is needed; once for each answer.
  ask() {
    if (this.isSent(this.room / 3)) { this.asked = null; return }
    if (this.asked === this.model.rows) return
    this.asked = this.model.rows
    this.send({ type: "sight", top: this.scrolled, bottom: this.scrolled + this.room })
  }

  // Scroll to what the server points at, if it is out of sight.
  goThere() {
    const { reach } = this.model
    if (!reach.count || reach.count === this.reached) return
    this.reached = reach.count
    const above = this.scrolled > reach.top - 8
    const below = this.scrolled + this.room < reach.top + Math.min(reach.height, this.room)
    if (above || below) this.scroll.scrollTop = Math.max(0, reach.top - 60)
  }

  // The server points at what was picked elsewhere: it may have to unfold it first.
  reveal() { this.later() }

  hover(place) {
    super.hover(place)
    const { box } = this.target(place)
    const over = box?.row.id || ""
    if (over !== this.over) { this.over = over; this.later() }
    if (!box || !this.onEnlarge(box, place)) return
    const bounds = this.root.getBoundingClientRect(), own = this.canvas.getBoundingClientRect()
    const what = over === this.model.enlarged ? "make small again" : "enlarge"
    this.readout.show([what], place.x, place.y - this.scrolled + own.top - bounds.top)
  }

  onEnlarge(box, { x, y }) {
    if (!box.row.can_enlarge) return false
    const at = this.enlargeAt(box)
    return x >= at.x && x <= at.x + at.size && y >= at.y && y <= at.y + at.size
  }

  told({ box, line, column }) {
    const { row } = box
    const data = this.numbers.get(row)
    const { iterations } = this.model
    const step = row.step || 1, place = placeOf(row, column)
    const first = (row.column0 || 0) + place * step
    const spelled = (at) => (iterations[Math.min(iterations.length - 1, at)] ?? 0).toLocaleString("en")
    const when = step > 1 ? `iterations ${spelled(first)} to ${spelled(first + step - 1)}` : `iteration ${spelled(column)}`
    const isImage = row.kind === "pixels" || row.kind === "ridges"
    const lines = [`${isImage && line >= 0 ? row.line_labels[line] : row.label}, ${when}`]
    if (!isImage) {
      data.forEach(({ array }, i) => lines.push(`${row.series[i].name}: ${number(array[place])}`))
      return lines
    }
    const values = data.at(-1)
    const value = values.array[Math.max(0, line) * values.shape[1] + place]
    lines.push(Number.isFinite(value) ? `${row.value_label}: ${number(value)}` : "not recorded")
    const mark = (this.model.marks[row.id] || []).find(([at]) => at === line)
    const words = { top: "among the top filters", common: "a top filter at every picked iteration", picked: "picked" }
    if (mark) lines.push(words[mark[1]])
    return lines
  }

  target(place) {
    const found = super.target(place)
    const { box } = found
    if (box && (box.row.kind === "pixels" || box.row.kind === "ridges")) {
      const lines = this.numbers.get(box.row)[0].shape[0]
      found.line = Math.min(lines - 1, Math.max(0, Math.floor(((place.y - box.top) * lines) / box.height)))
    }
    return found
  }

  up(event) {
    const place = this.place(event)
    const box = this.start && this.target(place).box
    if (box && this.onEnlarge(box, place)) {
      this.start = null
      this.send({ type: "enlarge", row: box.row.id })
      return
    }
    super.up(event)
  }

  pointAt(place) {
    if (!this.boxes[place]) return
    this.pointed = this.boxes[place].row.id
    super.pointAt(place)
  }

  // Enter unfolds the row that the arrow keys point at, space picks it, e enlarges it.
  key(event) {
    const box = this.boxes[this.cursor]
    const act = { Enter: "toggle", " ": "select", e: "enlarge" }[event.key]
    if (!act || !box) {
      if (event.key === "Escape") this.pointed = ""
      if (event.key === "ArrowDown" && this.cursor < 0) this.cursor = this.boxes.findIndex((b) => b.top >= this.scrolled - 1) - 1
      super.key(event)
      return
    }
    event.preventDefault()
    event.stopPropagation()
    this.send({ type: act, row: box.row.id })
  }

  report() {
    super.report()
    const { model } = this
    this.canvas.setAttribute("aria-label", model.description)
    const state = JSON.parse(this.root.dataset.state)
    state.rows.forEach((told, place) => {
      const box = this.boxes[place], { row } = box
      const marks = model.marks[row.id] || []
      Object.assign(told, {
        step: row.step || 1, scale: [row.scale, row.low, row.high], enlarge: this.enlargeAt(box),
        indent: row.indent || 0, marks, row_marks: marks.map(([line]) => line),
      })
    })
    Object.assign(state, { total: model.total, sent: model.sent, is_sent: this.isSent(), enlarged: model.enlarged })
    this.root.dataset.state = JSON.stringify(state)
  }
}

export function render(context) {
  renderChart(TreeChart, context, ["marks", "total", "sent", "enlarged", "reach"])
}
