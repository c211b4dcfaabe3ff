// Drawers: how one row of a row chart looks. Each takes the row's own box on the canvas.

const DTYPES = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array }

// A row's numbers out of the packed bytes: [{array, shape}].
function unpacked(row, buffer) {
  return (row.arrays || []).map(({ offset, dtype, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return { array: new DTYPES[dtype](buffer, offset, size), shape }
  })
}

// A palette's 256 colours, light or dark as the page is.
function tableOf(tables, palette) { return tables[palette][DARK ? "dark" : "light"] }

// Numbers [y][x] (or of one line) as a canvas of that many pixels, made once for each row and
// palette; `level` gives a number's place in the palette.
const painted = new WeakMap()
function picture(row, { array, shape }, table, level = (number) => number) {
  const kept = painted.get(row)
  if (kept && kept.table === table) return kept.canvas
  const width = Math.max(1, shape.at(-1)), height = shape.length > 1 ? Math.max(1, shape[0]) : 1
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext("2d")
  const image = context.createImageData(width, height)
  const pixels = new Uint32Array(image.data.buffer)
  for (let i = 0; i < array.length; i += 1) pixels[i] = table[level(array[i])]
  context.putImageData(image, 0, 0)
  painted.set(row, { canvas, table })
  return canvas
}

function drawImage(context, axis, row, data, box, tables) {
  context.imageSmoothingEnabled = false
  const track = new Track(axis, row, data[0].shape.at(-1))
  track.blit(context, picture(row, data[0], tableOf(tables, row.palette)), box)
  drawEdge(context, axis, box)
  if (row.threshold) drawTriangles(context, axis, row, data[2].array, box.top + box.height)
}

function drawEdge(context, axis, box) {
  context.strokeStyle = LINE
  context.lineWidth = 1
  context.strokeRect(axis.left - 0.5, Math.round(box.top) - 0.5, axis.span + 1, box.height + 1)
}

// Anomalies: where at least as many images are anomalous as a mark needs, [place, count].
function marksOf(row, counts) {
  const found = []
  counts.forEach((count, place) => { if (row.threshold && count >= row.threshold) found.push([place, count]) })
  return found
}

// A triangle for each under a heat line, larger where more images are anomalous; of those that would
// cover each other the largest.
function drawTriangles(context, axis, row, counts, bottom) {
  const track = new Track(axis, row, counts.length)
  const width = Math.max((track.step * axis.span) / axis.count, 4)
  const apart = new Map()
  for (const [place, count] of marksOf(row, counts)) {
    if (place < track.from || place > track.to) continue
    const x = track.centre(place), slot = Math.floor(x / 3)
    if (!(apart.get(slot)?.count >= count)) apart.set(slot, { x, count })
  }
  context.fillStyle = INK
  for (const { x, count } of apart.values()) {
    const size = Math.min(7, 3 + 1.2 * Math.log2(count))
    const half = Math.min(size, width) * 0.75
    const y = bottom + 1
    context.beginPath()
    context.moveTo(x, y)
    context.lineTo(x - half, y + size)
    context.lineTo(x + half, y + size)
    context.fill()
  }
}

// An outcome, or the share of right ones among several, in words.
function outcomeTold(level) {
  if (level === 255) return "not recorded"
  if (level === 254) return "right"
  return level ? `right at ${Math.round(level / 2.54)} % of them` : "wrong"
}

// A triangle that points at a line of a picture, from its left.
function tracePointer(context, x, y) {
  context.beginPath()
  context.moveTo(x, y)
  context.lineTo(x - 6, y - 4)
  context.lineTo(x - 6, y + 4)
  context.closePath()
}

// A vertical scale from values to the row's box.
function verticalScale(row, box) {
  const log = Boolean(row.log)
  const low = log ? Math.log10(row.low) : row.low
  const high = log ? Math.log10(row.high) : row.high
  const span = high > low ? high - low : 1
  const top = box.top + 4, height = box.height - 8
  return (value) => {
    const v = log ? Math.log10(Math.max(value, row.low)) : value
    return top + height * (1 - (Math.min(Math.max(v, low), high) - low) / span)
  }
}

// Beside rows lower than this only the ends of the scale are named; between two names so many pixels.
const TALL = 40, TICKS_APART = 12

// A tick in at most three digits.
function tickText(value) {
  const short = Number(value.toPrecision(3)), size = Math.abs(short)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return short.toExponential().replace("+", "")
  return short.toLocaleString("en", { maximumFractionDigits: 6 })
}

// A value at two digits, the next below it (`round` is floor) or above it (ceil).
function rounded(value, round) {
  if (!value) return 0
  const power = Math.floor(Math.log10(Math.abs(value))) - 1
  const step = Number(`1e${power}`)
  // What is round already is not moved on by a last bit.
  const near = Math.round(value / step)
  return Number(`${Math.abs(value / step - near) < 1e-4 ? near : round(value / step)}e${power}`)
}

// Both ends of a scale, in round values where they lie between.
function endTicks({ low, high }) {
  const [from, to] = [rounded(low, Math.ceil), rounded(high, Math.floor)]
  return from < to ? [from, to] : [low, high]
}

// Powers of ten; of fewer than two of those, 2 and 5 times one as well.
function logTicks(row) {
  const powers = scaleTicks(row.low, row.high, true).filter((tick) => Number.isInteger(Math.log10(tick)))
  if (powers.length > 1) return powers
  const ticks = []
  for (let power = Math.floor(Math.log10(row.low)); 10 ** power <= row.high; power += 1) {
    ticks.push(...[1, 2, 5].map((k) => Number(`${k}e${power}`)).filter((tick) => tick >= row.low && tick <= row.high))
  }
  return ticks.length > 1 ? ticks : endTicks(row)
}

// What stands beside a row's scale, as [value, text]; half an image is no tick.
function ticksOf(row, height) {
  if (row.hide_scale || !(row.high >= row.low)) return []
  let ticks
  if (row.high === row.low) ticks = [row.low]
  else if (height < TALL) ticks = endTicks(row)
  else ticks = row.log ? logTicks(row) : scaleTicks(row.low, row.high, false)
  const told = new Map()
  for (const tick of ticks) {
    if (!row.whole || Number.isInteger(tick)) told.set(tickText(tick), tick)
  }
  return [...told].map(([text, tick]) => [tick, text])
}

function drawFrame(context, axis, row, box) {
  context.fillStyle = PAPER
  context.fillRect(axis.left, box.top, axis.span, box.height)
  context.strokeStyle = LINE
  context.lineWidth = 1
  context.strokeRect(axis.left - 0.5, Math.round(box.top) - 0.5, axis.span + 1, box.height + 1)
  const y = verticalScale(row, box)
  context.fillStyle = FAINT
  context.strokeStyle = GRID
  context.textAlign = "right"
  let last = Infinity
  for (const [tick, text] of ticksOf(row, box.height)) {
    context.beginPath()
    context.moveTo(axis.left, Math.round(y(tick)) + 0.5)
    context.lineTo(axis.end, Math.round(y(tick)) + 0.5)
    context.stroke()
    const at = Math.min(box.top + box.height - 6, Math.max(box.top + 6, y(tick)))
    if (last - at < TICKS_APART) continue
    context.fillText(text, axis.left - 8, at)
    last = at
  }
}

// A line through [x, y], broken where there is null; a point with no neighbour is a dot.
function drawLine(context, points, colour, width) {
  const isGap = (place) => !points[place]
  context.strokeStyle = context.fillStyle = colour
  context.lineWidth = width
  context.beginPath()
  points.forEach((point, place) => {
    if (point) context[isGap(place - 1) ? "moveTo" : "lineTo"](...point)
  })
  context.stroke()
  points.forEach((point, place) => {
    if (!point || !isGap(place - 1) || !isGap(place + 1)) return
    context.beginPath()
    context.arc(...point, width + 1, 0, 2 * Math.PI)
    context.fill()
  })
}

function canShow(row, value) { return Number.isFinite(value) && !(row.log && value <= 0) }

function drawLines(context, axis, row, data, box) {
  drawFrame(context, axis, row, box)
  const y = verticalScale(row, box)
  data.forEach(({ array }, place) => {
    const series = row.series[place]
    const track = new Track(axis, row, array.length)
    // What was not recorded leaves no gap: outcomes may be rarer than snapshots.
    const points = []
    for (let at = track.from; at <= track.to; at += 1) {
      if (canShow(row, array[at])) points.push([track.centre(at), y(array[at])])
    }
    drawLine(context, points, themed(series.colour), series.width || 1.4)
  })
}

// Scalars at their own iterations: the recorded line pale, the smoothed one over it. Arrays come in
// threes a series: the place in columns, the value, the smoothed value.
function drawCurves(context, axis, row, data, box) {
  drawFrame(context, axis, row, box)
  const y = verticalScale(row, box)
  context.save()
  context.beginPath()
  context.rect(axis.left, box.top, axis.span, box.height)
  context.clip()
  row.series.forEach((series, place) => {
    const [at, raw, smooth] = data.slice(3 * place, 3 * place + 3).map(({ array }) => array)
    const colour = themed(series.colour)
    const pointsOf = (values) => Array.from(at, (column, i) => (canShow(row, values[i]) ? [axis.place(column), y(values[i])] : null))
    if (row.smoothed) drawLine(context, pointsOf(raw), pale(colour, 0.32), 1)
    drawLine(context, pointsOf(smooth), colour, 1.5)
  })
  context.restore()
}

// Findings: a diamond each, by severity.
function drawMarks(context, axis, row, data, box) {
  const colours = { error: PICK, warning: WARN, info: FAINT }
  context.strokeStyle = LINE
  context.beginPath()
  context.moveTo(axis.left, box.top + box.height / 2)
  context.lineTo(axis.end, box.top + box.height / 2)
  context.stroke()
  for (const { column, severity } of row.marks) {
    if (!axis.shows(column)) continue
    const x = axis.centre(column), y = box.top + box.height / 2
    context.fillStyle = colours[severity] || colours.info
    context.beginPath()
    context.moveTo(x, y - 5)
    context.lineTo(x + 4.5, y)
    context.lineTo(x, y + 5)
    context.lineTo(x - 4.5, y)
    context.fill()
  }
}

const DRAWERS = {
  image: drawImage, lines: drawLines, marks: drawMarks, curves: drawCurves,
}
