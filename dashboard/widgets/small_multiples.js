// Drawers of small multiples. A row's vertical scale is linear, logarithmic, or logarithmic on both
// sides of zero.

function transform(row) {
  if (row.scale === "log") return (v) => Math.log10(Math.max(v, row.low))
  if (row.scale === "symlog") return (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / row.threshold)
  return (v) => v
}

// From a value to its share of the scale's height, between 0 and 1.
function shareOf(row) {
  const t = transform(row), low = t(row.low), high = t(row.high), span = high > low ? high - low : 1
  return (value) => Math.min(1, Math.max(0, (t(value) - low) / span))
}

function heightOf(row, box) {
  const share = shareOf(row), top = box.top + 4, height = box.height - 8
  return (value) => top + height * (1 - share(value))
}

// Round values, about `most` of them.
function roundTicks(low, high, most) {
  if (!(high > low)) return [low]
  const rough = (high - low) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [5, 2, 1].map((k) => k * power).find((k) => k <= rough * 1.01)
  const ticks = []
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) ticks.push(k * step)
  return ticks
}

function multipleTicks(row, box) {
  const most = Math.max(2, Math.floor(box.height / 30))
  let ticks
  if (row.scale === "symlog") {
    ticks = [0]
    const decades = Math.floor(Math.log10(Math.max(-row.low, row.high) / row.threshold))
    const skip = Math.max(1, Math.ceil((2 * decades) / most))
    for (let power = decades; power >= 1; power -= skip) {
      for (const value of [row.threshold * 10 ** power, -row.threshold * 10 ** power]) {
        if (value >= row.low && value <= row.high) ticks.push(value)
      }
    }
  } else if (row.scale === "log") {
    ticks = scaleTicks(row.low, row.high, true).slice(0, 12)
  } else {
    ticks = roundTicks(row.low, row.high, most)
  }
  // Those nearest to zero first: what crowds is left out from the ends.
  return ticks.sort((a, b) => Math.abs(a) - Math.abs(b))
}

// The box, its grid, and values beside it; those that would touch another are left out.
function drawScale(context, axis, row, box) {
  drawGround(context, axis, box)
  const y = heightOf(row, box)
  const taken = []
  context.textAlign = "right"
  for (const tick of multipleTicks(row, box)) {
    const at = y(tick)
    if (box.height >= 40) {
      context.strokeStyle = GRID
      context.lineWidth = 1
      context.beginPath()
      context.moveTo(axis.left, Math.round(at) + 0.5)
      context.lineTo(axis.end, Math.round(at) + 0.5)
      context.stroke()
    }
    const shown = Math.min(box.top + box.height - 5, Math.max(box.top + 6, at))
    if (taken.some((other) => Math.abs(other - shown) < 12)) continue
    taken.push(shown)
    context.fillStyle = FAINT
    context.fillText(number(tick), axis.left - 6, shown)
  }
}

function drawGround(context, axis, box) {
  context.fillStyle = PAPER
  context.fillRect(axis.left, box.top, axis.span, box.height)
  drawEdge(context, axis, box)
}

// Runs of places where every given series has a number.
function runs(track, arrays) {
  const found = []
  let open = null
  for (let place = track.from; place <= track.to; place += 1) {
    const known = arrays.every((array) => Number.isFinite(array[place]))
    if (known && open) open.push(place)
    else if (known) { open = [place]; found.push(open) }
    else open = null
  }
  return found
}

function drawRun(context, track, places, values, y) {
  context.beginPath()
  if (places.length === 1) {
    // A lone snapshot is a short level line, not an invisible point.
    context.moveTo(track.edge(places[0]), y(values[places[0]]))
    context.lineTo(track.edge(places[0] + 1), y(values[places[0]]))
  } else {
    places.forEach((place, i) => context[i ? "lineTo" : "moveTo"](track.centre(place), y(values[place])))
  }
  context.stroke()
}

function fillRun(context, track, places, lower, upper, y, colour) {
  const lone = places.length === 1
  const xs = lone ? [track.edge(places[0]), track.edge(places[0] + 1)] : places.map((p) => track.centre(p))
  const at = lone ? [places[0], places[0]] : places
  context.fillStyle = colour
  context.beginPath()
  at.forEach((place, i) => context[i ? "lineTo" : "moveTo"](xs[i], y(upper[place])))
  for (let i = at.length - 1; i >= 0; i -= 1) context.lineTo(xs[i], y(lower[at[i]]))
  context.fill()
}

function seriesColour(row, place = 0) { return themed(row.series?.[place]?.colour || LIGHT_SERIES[0]) }

function drawTraces(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  data.forEach(({ array }, place) => {
    const track = new Track(axis, row, array.length)
    context.strokeStyle = seriesColour(row, place)
    context.lineWidth = 1.5
    for (const run of runs(track, [array])) drawRun(context, track, run, array, y)
  })
}

// Least to greatest pale, the quartiles darker, the median as a line.
function drawSpread(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  const [least, q1, median, q3, most] = data.map(({ array }) => array)
  const track = new Track(axis, row, median.length)
  const colour = seriesColour(row)
  for (const run of runs(track, [least, q1, median, q3, most])) {
    fillRun(context, track, run, least, most, y, pale(colour, EXTREMES))
    fillRun(context, track, run, q1, q3, y, pale(colour, QUARTILES))
    context.strokeStyle = DARK ? INK : MEDIAN
    context.lineWidth = 1.4
    drawRun(context, track, run, median, y)
  }
}

// A box from quartile to quartile, whiskers to the extremes; of crowded places every n-th.
function drawBoxes(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  const [least, q1, median, q3, most] = data.map(({ array }) => array)
  const track = new Track(axis, row, median.length)
  const half = Math.min(9, Math.max(3.6, (track.edge(track.from + 1) - track.edge(track.from)) * 0.32))
  const colour = seriesColour(row)
  for (const place of track.apart(11)) {
    if (!Number.isFinite(median[place])) continue
    const x = track.centre(place)
    context.strokeStyle = FAINT
    context.lineWidth = 1
    context.beginPath()
    context.moveTo(x, y(least[place]))
    context.lineTo(x, y(most[place]))
    context.stroke()
    context.fillStyle = PAPER
    const top = y(q3[place]), height = Math.max(1.5, y(q1[place]) - top)
    context.fillRect(x - half, top, 2 * half, height)
    context.fillStyle = pale(colour, 0.45)
    context.fillRect(x - half, top, 2 * half, height)
    context.fillStyle = DARK ? INK : MEDIAN
    context.fillRect(x - half, y(median[place]) - 0.75, 2 * half, 1.5)
  }
}

const HORIZON = {
  light: { up: ["#c6dcec", "#7fb2d6", "#2f7fb5", "#0b4f7d", "#062c47"],
    down: ["#fbdcc4", "#f3ac78", "#d9722e", "#a3480f", "#5f2705"] },
  dark: { up: ["#123a58", "#1f6ea3", "#4aa6dc", "#a3daf8", "#f4fbff"],
    down: ["#4a2411", "#8a3f14", "#d9722e", "#ffb37a", "#ffe9d6"] },
}

// Heights are folded into bands, the darker the farther. What is negative hangs from above, in
// another colour, so that both sides of zero have the whole height.
function drawHorizons(context, axis, row, data, box) {
  drawGround(context, axis, box)
  const values = data[0].array
  const track = new Track(axis, row, values.length)
  const signed = row.low < 0
  const t = transform(row), base = signed ? 0 : t(row.low)
  const reach = (signed ? Math.max(t(row.high), -t(row.low)) : t(row.high)) - base || 1
  const colours = HORIZON[DARK ? "dark" : "light"]
  // With few bands the middle shades tell more than the palest.
  const shade = (names, band) => names[Math.min(4, row.bands === 1 ? 2 : Math.round((band * 4) / Math.max(1, row.bands - 1)))]
  context.save()
  context.beginPath()
  context.rect(axis.left, box.top, axis.span, box.height)
  context.clip()
  for (let band = 0; band < row.bands; band += 1) {
    for (let place = track.from; place <= track.to; place += 1) {
      if (!Number.isFinite(values[place])) continue
      const far = (t(values[place]) - base) / reach
      const part = Math.min(1, Math.max(0, Math.abs(far) * row.bands - band))
      if (!part) continue
      const height = part * box.height, left = track.edge(place)
      context.fillStyle = shade(far < 0 ? colours.down : colours.up, band)
      context.fillRect(left, far < 0 ? box.top : box.top + box.height - height,
        track.edge(place + 1) - left + 0.5, height)
    }
  }
  context.restore()
  drawEdge(context, axis, box)
  context.fillStyle = FAINT
  context.textAlign = "right"
  const high = signed ? Math.max(row.high, -row.low) : row.high
  context.fillText(`${signed ? "±" : ""}${number(high)}`, axis.left - 6, box.top + 7)
  if (box.height >= 26) context.fillText(number(signed ? 0 : row.low), axis.left - 6, box.top + box.height - 6)
}

// Shares over rising thresholds: the higher the threshold, the darker.
function drawShares(context, axis, row, data, box) {
  drawScale(context, axis, row, box)
  const y = heightOf(row, box)
  const names = HORIZON[DARK ? "dark" : "light"].up
  data.forEach(({ array }, place) => {
    const track = new Track(axis, row, array.length)
    const floor = new Float32Array(array.length).fill(row.low)
    const colour = names[Math.min(4, Math.round((place * 4) / Math.max(1, data.length - 1)))]
    for (const run of runs(track, [array])) fillRun(context, track, run, floor, array, y, colour)
  })
}

function drawSideTicks(context, axis, row, box) {
  const taken = []
  context.fillStyle = FAINT
  context.textAlign = "right"
  for (const [share, text] of row.y_ticks || []) {
    const at = Math.min(box.top + box.height - 5, Math.max(box.top + 6, box.top + share * box.height))
    if (taken.some((other) => Math.abs(other - at) < 11)) continue
    taken.push(at)
    context.fillText(text, axis.left - (row.id.startsWith("filters:") ? 12 : 6), at)
  }
}

// An image whose places hold `step` columns each.
function drawPixels(context, axis, row, data, box, tables) {
  const [lines, count] = data[0].shape
  // Fewer screen lines than image lines: the browser's reduction blends them.
  context.imageSmoothingEnabled = lines > box.height * (window.devicePixelRatio || 1)
  new Track(axis, row, count).blit(context, picture(row, data[0], tableOf(tables, row.palette)), box)
  drawEdge(context, axis, box)
  drawSideTicks(context, axis, row, box)
  if (row.colours) drawColours(context, axis, row, box, tables)
}

// A row's colour scale under its label: least and most, and what they measure.
function drawColours(context, axis, row, box, tables) {
  const [low, high, title] = row.colours
  const table = tableOf(tables, row.palette)
  const x = 21 + 12 * (row.indent || 0), room = axis.left - x - 50
  const y = box.top + (row.detail ? 38 : 24)
  if (box.height < 40 || room < 40) return
  const wide = Math.min(70, room - 10)
  for (let i = 0; i < wide; i += 1) {
    const rgba = table[Math.floor((i * 254) / wide)]
    context.fillStyle = `rgb(${rgba & 255},${(rgba >> 8) & 255},${(rgba >> 16) & 255})`
    context.fillRect(x + i, y, 1.5, 6)
  }
  context.strokeStyle = LINE
  context.strokeRect(x - 0.5, y - 0.5, wide + 1, 7)
  context.fillStyle = FAINT
  context.textAlign = "left"
  context.fillText(fitted(context, `${low} to ${high}`, room), x, y + 15)
  if (box.height >= 62) context.fillText(fitted(context, title, room), x, y + 28)
  if (box.height >= 76 && row.note) context.fillText(fitted(context, row.note, room), x, y + 41)
}

// Filters to notice, as triangles beside their lines: top ones hollow, common ones filled, a
// picked one with a line's length of its own.
function drawFilterMarks(context, axis, row, box, marks, lines) {
  const order = { top: 0, common: 1, picked: 2 }
  for (const [line, kind] of [...marks].sort((a, b) => order[a[1]] - order[b[1]])) {
    const y = box.top + ((line + 0.5) * box.height) / lines
    context.fillStyle = context.strokeStyle = kind === "picked" ? ACCENT : PICK
    context.lineWidth = 1.2
    tracePointer(context, axis.left - 2, y)
    if (kind === "top") context.stroke()
    else context.fill()
    if (kind === "picked") {
      const height = Math.max(2, box.height / lines)
      context.strokeRect(axis.left + 0.5, y - height / 2, axis.span - 1, height)
    }
  }
}

// The distribution at every n-th place as a profile that leans to the right of its iteration.
function drawRidges(context, axis, row, data, box) {
  drawGround(context, axis, box)
  const [bins, count] = data[0].shape, values = data[0].array
  const track = new Track(axis, row, count)
  const reach = 46, widest = row.widest || 1
  context.save()
  context.beginPath()
  context.rect(axis.left, box.top, axis.span, box.height)
  context.clip()
  const colour = seriesColour(row)
  for (const place of track.apart(30)) {
    if (!Number.isFinite(values[place])) continue
    const base = track.edge(place) + 1
    const line = new Path2D()
    line.moveTo(base, box.top)
    for (let bin = 0; bin < bins; bin += 1) {
      // The square root shows the tails beside the peak.
      const x = base + reach * Math.sqrt(Math.max(0, values[bin * count + place]) / widest)
      line.lineTo(x, box.top + (bin * box.height) / bins)
      line.lineTo(x, box.top + ((bin + 1) * box.height) / bins)
    }
    line.lineTo(base, box.top + box.height)
    context.fillStyle = PAPER
    context.globalAlpha = 0.55
    context.fill(line)
    context.globalAlpha = 1
    context.fillStyle = pale(colour, 0.3)
    context.fill(line)
    context.strokeStyle = colour
    context.lineWidth = 1
    context.stroke(line)
  }
  context.restore()
  drawEdge(context, axis, box)
  drawSideTicks(context, axis, row, box)
}

Object.assign(DRAWERS, {
  traces: drawTraces, spread: drawSpread, boxes: drawBoxes, horizons: drawHorizons,
  shares: drawShares, pixels: drawPixels, ridges: drawRidges,
})
