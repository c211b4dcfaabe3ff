// A long list of rows over the time axis: they come from the server as they are needed.

const LABEL_PITCH = 13
const ROOM = [420, 1400]
const ROOM_SHARE = 0.62
// What is told of the width, so that a little more or less of it asks for nothing.
const ROUND = 256, MOST_PIXELS = 4096
// Levels of a palette, as in theme.py: what was right is calm, what is missing is grey.
const RIGHT = 254, MISSING = 255
const UNSAID = 65535

// A share of a maximum on a square-root scale.
function shade(value, top) {
  if (!Number.isFinite(value)) return MISSING
  return Math.round(254 * Math.min(1, Math.sqrt(Math.max(0, value) / top)))
}

// What one number of a row looks like: a level of its palette.
const LEVELS = {
  heat: (value, row) => shade(value, row.scale_top),
  outcome: (level) => level,
  // Only wrong classes have colours of their own.
  label: (value, row) => (value === UNSAID ? MISSING : value === row.own_class ? RIGHT : value % RIGHT),
  amount: (value, row) => shade(value, row.scale_top),
}
const PALETTE = { heat: "blues", outcome: "outcome", label: "classes", amount: "blues" }

class RowList extends TimeChart {
  // A taller window, or the whole screen, shows more rows; a wider one more columns.
  layout() {
    const { model } = this
    const across = (this.root.clientWidth - model.left - model.right) * (window.devicePixelRatio || 1)
    const pixels = Math.min(MOST_PIXELS, ROUND * Math.max(1, Math.ceil(across / ROUND)))
    if (pixels !== model.pixels) model.pixels = pixels
    const screen = screenRoom(this.root, AXIS_HEIGHT)
    const room = screen || Math.round(Math.min(ROOM[1], Math.max(ROOM[0], window.innerHeight * ROOM_SHARE)))
    if (room !== model.room) model.room = room
    this.grow(screen, model.total)
    this.height = model.total * this.stretch
    this.room = Math.min(room, this.height)
    this.boxes = this.rows.map((row) => ({ row, top: row.top * this.stretch, height: row.height * this.stretch }))
  }

  draw() {
    super.draw()
    if (!this.axis) return
    this.goThere()
    this.ask()
  }

  // Tell the server what is in sight: soon where rows run out, and where scrolling has ended.
  ask() {
    const { model } = this
    const top = this.scrolled, margin = model.room / 2
    const [low, high] = model.cover
    const short = (low > 0 && top - low < margin) || (high < model.total && high - top - model.room < margin)
    if (!short && top === model.sight.top) return
    if (this.asking && (this.urgent || !short)) return
    clearTimeout(this.asking)
    this.urgent = short
    this.asking = setTimeout(() => {
      this.asking = null
      this.asked = (this.asked || 0) + 1
      model.sight = { top: this.scrolled, count: this.asked }
    }, short ? 50 : 200)
  }

  drawRow(context, { row, top, height }) {
    const [main, counts] = this.numbers.get(row)
    const { axis } = this
    const deep = (row.picture_height || row.height) * this.stretch
    const drawn = picture(row, main, tableOf(this.tables, PALETTE[row.kind]), (value) => LEVELS[row.kind](value, row))
    context.imageSmoothingEnabled = false
    new Track(axis, row, main.shape.at(-1)).blit(context, drawn, { top, height: deep })
    if (row.kind === "heat") drawEdge(context, axis, { top, height: deep })
    if (counts) drawTriangles(context, axis, row, counts.array, top + deep)
    if (row.counts_top) this.drawCounts(context, row, counts.array, top + deep + 9, height - deep - 9)
    if (row.members) this.drawOpened(context, row, top, height)
  }

  // What has not arrived yet: faint lines where the rows will be.
  drawOver(context, top) {
    const [low, high] = this.model.cover
    context.fillStyle = GRID
    for (let y = top; y < top + this.room; y += 20) {
      const place = y / this.stretch
      if (place < low - 20 || place > high) context.fillRect(this.axis.left, y, this.axis.span, 12)
    }
  }

  drawCounts(context, row, counts, top, height) {
    const { axis } = this
    const track = new Track(axis, row, counts.length)
    context.strokeStyle = LINE
    context.lineWidth = 1
    context.beginPath()
    context.moveTo(axis.left, Math.round(top + height) + 0.5)
    context.lineTo(axis.end, Math.round(top + height) + 0.5)
    context.stroke()
    context.strokeStyle = SERIES[1]
    context.lineWidth = 1.3
    context.beginPath()
    for (let place = track.from; place <= track.to; place += 1) {
      const y = top + height - (height * counts[place]) / Math.max(1, row.counts_top)
      context[place > track.from ? "lineTo" : "moveTo"](track.centre(place), y)
    }
    context.stroke()
    context.fillStyle = FAINT
    context.textAlign = "right"
    context.fillText(number(row.counts_top), axis.left - 8, top + 4)
  }

  // The opened image's line.
  drawOpened(context, row, top, height) {
    const { axis } = this
    const thick = height / row.members.length
    row.members.forEach((member, line) => {
      if (!this.model.opened.includes(member)) return
      context.strokeStyle = context.fillStyle = PICK
      context.lineWidth = 1.5
      context.strokeRect(axis.left - 1, top + line * thick - 1, axis.span + 2, thick + 2)
      tracePointer(context, axis.left - 3, top + (line + 0.5) * thick)
      context.fill()
    })
  }

  labelDepth({ row, height }) { return row.picture_height ? (row.picture_height * this.stretch) / 2 : Math.min(height / 2, 8) }

  // At the end of the label a detail, under it notes.
  drawBeside(context, { row }, x, y) {
    const end = this.axis.left - 8
    context.fillStyle = FAINT
    context.textAlign = "right"
    const detail = row.detail || ""
    context.fillText(detail, end, y)
    context.textAlign = "left"
    ;(row.notes || []).forEach((note, i) => context.fillText(fitted(context, note, end - x), x, y + LABEL_PITCH * (i + 1)))
    return end - x - (detail ? context.measureText(detail).width + 8 : 0)
  }

  linesOf(row) { return row.members?.length || 0 }

  told({ box: { row }, line, column }) {
    const [main, counts] = this.numbers.get(row)
    const place = placeOf(row, column)
    const value = main.array[Math.max(0, line) * main.shape.at(-1) + place]
    const name = line >= 0 ? row.line_labels[line] : row.label
    const lines = [`${name}, ${placeTold(row, column, this.model.iterations)}`]
    const missing = !Number.isFinite(value) || (row.kind === "outcome" && value === MISSING) || (row.kind === "label" && value === UNSAID)
    // Of several iterations the worst is told.
    const most = row.step > 1 ? "up to " : ""
    if (missing) lines.push("not recorded")
    else if (row.kind === "heat") lines.push(`${most}${number(100 * value)} % wrong: ${Math.round(value * row.size).toLocaleString("en")} of ${row.size.toLocaleString("en")} images`)
    else if (row.kind === "outcome") lines.push(outcomeTold(value))
    else if (row.kind === "label") lines.push(`taken for ${row.value_names[value] ?? value}${most && value !== row.own_class ? ", the last time it was wrong" : ""}`)
    else lines.push(`${row.value_label}: ${most}${number(value)}`)
    if (counts?.array[place]) lines.push(`${most}${number(counts.array[place])} anomalous`)
    return lines
  }

  state() {
    const { model } = this
    const { opened, total, entries, cover } = model
    return { ...super.state(), opened, total, entries, cover, room: this.room, loads: this.loads }
  }

  rowState(box) {
    const members = box.row.members || []
    return { ...super.rowState(box), lines: members.length, members }
  }
}

export function render(context) {
  renderChart(RowList, context, ["total", "opened", "reach"])
}
