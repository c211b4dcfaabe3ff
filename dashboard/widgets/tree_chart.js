// A row chart of any length: rows stand at the heights that the server gave them, and those that are
// not here yet are asked for when they come near.

class TreeChart extends RowChart {
  constructor(model, root) {
    super(model, root)
    this.canvas.addEventListener("pointerleave", () => { this.over = ""; this.later() })
  }

  layout() {
    const { total } = this.model
    this.fit(total)
    this.boxes = this.rows.map((row) => ({ row, top: row.top * this.stretch, height: row.height * this.stretch }))
    this.height = total * this.stretch
    this.room = Math.min(this.most || this.height, this.height)
  }

  draw() {
    super.draw()
    if (!this.axis) return
    this.goThere()
    this.ask()
  }

  drawOver(context, top) {
    super.drawOver(context, top)
    for (const box of this.boxes.filter((b) => this.sees(b))) {
      const { row } = box
      const marks = this.model.marks[row.id]
      if (marks) drawFilterMarks(context, this.axis, row, box, marks, this.numbers.get(row)[0].shape[0])
      if (row.can_enlarge && [this.over, this.cursor, this.model.enlarged].includes(row.id)) this.drawEnlarge(context, box)
    }
    if (!this.isSent()) this.drawWaiting(context)
  }

  // Of the details the longest that fits: a number is never cut.
  drawBeside(context, box, x, y) {
    const { row } = box, room = this.axis.left - x - 1 - (row.label_room || 8)
    if (row.details) row.detail = row.details.find((detail) => context.measureText(detail).width <= room) || ""
    return super.drawBeside(context, box, x, y)
  }

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

  // The server points at what was picked elsewhere: it may have to unfold it first.
  reveal() { this.later() }

  hover(place) {
    super.hover(place)
    const { box } = this.target(place)
    const over = box?.row.id || ""
    if (over !== this.over) { this.over = over; this.later() }
    if (box && this.onEnlarge(box, place)) this.tell([over === this.model.enlarged ? "make small again" : "enlarge"], place)
  }

  onEnlarge(box, { x, y }) {
    if (!box.row.can_enlarge) return false
    const at = this.enlargeAt(box)
    return x >= at.x && x <= at.x + at.size && y >= at.y && y <= at.y + at.size
  }

  told({ box, line, column }) {
    const { row } = box
    const data = this.numbers.get(row)
    const place = placeOf(row, column), when = placeTold(row, column, this.model.iterations)
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

  linesOf(row) {
    return row.kind === "pixels" || row.kind === "ridges" ? this.numbers.get(row)[0].shape[0] : super.linesOf(row)
  }

  click(event) {
    const place = this.place(event)
    const { box } = this.target(place)
    if (box && this.onEnlarge(box, place)) this.send({ type: "enlarge", row: box.row.id })
    else super.click(event)
  }

  // Enter unfolds the row that the arrow keys point at, space picks it, e enlarges it.
  key(event) {
    const act = { Enter: "toggle", " ": "select", e: "enlarge" }[event.key]
    if (!act || !this.cursor) { super.key(event); return }
    event.preventDefault()
    event.stopPropagation()
    this.send({ type: act, row: this.cursor })
  }

  get words() { return this.model.description }

  state() {
    const { total, sent, enlarged } = this.model
    return { ...super.state(), total, sent, enlarged, is_sent: this.isSent() }
  }

  rowState(box) {
    const { row } = box
    const marks = this.model.marks[row.id] || []
    return {
      ...super.rowState(box), scale: [row.scale, row.low, row.high], enlarge: this.enlargeAt(box),
      indent: row.indent || 0, detail: row.detail || "", marks, row_marks: marks.map(([line]) => line),
    }
  }
}

export function render(context) {
  renderChart(TreeChart, context, ["marks", "total", "sent", "enlarged", "reach"])
}
