// What every canvas shares: crisp drawing, the time axis, ticks, numbers, the readout.

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
const INK = "#1f2933"
const FAINT = "#616e7c"
const LINE = "#d9dee4"
const PICK = "#b42318"

// Size a canvas to CSS pixels at the screen's own resolution, and give its context.
function crisp(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1
  const w = Math.max(1, Math.round(width * ratio)), h = Math.max(1, Math.round(height * ratio))
  if (canvas.width !== w) canvas.width = w
  if (canvas.height !== h) canvas.height = h
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const context = canvas.getContext("2d")
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.font = FONT
  context.textBaseline = "middle"
  return context
}

// The time axis: one column a recorded iteration, evenly wide.
class TimeAxis {
  constructor(iterations, first, last, left, right, width) {
    Object.assign(this, { iterations, first, last, left })
    this.span = Math.max(1, width - left - right)
    this.count = Math.max(1, last - first + 1)
  }
  edge(column) { return this.left + ((column - this.first) * this.span) / this.count }
  centre(column) { return this.edge(column + 0.5) }
  get end() { return this.left + this.span }
  shows(column) { return column >= this.first && column <= this.last }
  column(x) {
    const column = this.first + Math.floor(((x - this.left) * this.count) / this.span)
    return Math.min(this.last, Math.max(this.first, column))
  }
  holds(x) { return x >= this.left && x <= this.end }
  // Columns to label: as many as fit, evenly apart.
  ticks() {
    const step = Math.max(1, Math.ceil((this.count * 62) / this.span))
    const columns = []
    for (let column = this.first; column <= this.last; column += step) columns.push(column)
    return columns
  }
}

function drawTimeLabels(context, axis, y) {
  context.fillStyle = FAINT
  context.textAlign = "center"
  for (const column of axis.ticks()) {
    context.fillText(axis.iterations[column].toLocaleString("en"), axis.centre(column), y)
  }
  context.textAlign = "right"
  context.fillText("iteration", axis.left - 10, y)
}

function drawPicks(context, axis, picked, top, bottom) {
  context.strokeStyle = PICK
  context.lineWidth = 1
  for (const column of picked) {
    if (!axis.shows(column)) continue
    const x = Math.round(axis.centre(column)) + 0.5
    context.beginPath()
    context.moveTo(x, top)
    context.lineTo(x, bottom)
    context.stroke()
  }
}

function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "none"
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2)
  return Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 })
}

// Round ticks of a vertical scale.
function scaleTicks(low, high, log) {
  if (!(high > low)) return [low]
  if (log) {
    const ticks = []
    const from = Math.ceil(Math.log10(low)), to = Math.floor(Math.log10(high))
    const step = Math.max(1, Math.ceil((to - from + 1) / 3))
    for (let power = from; power <= to; power += step) ticks.push(10 ** power)
    return ticks.length ? ticks : [low, high]
  }
  const rough = (high - low) / 3
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough) || rough
  const ticks = []
  for (let t = Math.ceil(low / step) * step; t <= high + step * 1e-9; t += step) ticks.push(t)
  return ticks
}

// Cut a text so that it fits, with an ellipsis.
function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text
  let cut = text.length
  while (cut > 1 && context.measureText(`${text.slice(0, cut)}…`).width > width) cut -= 1
  return `${text.slice(0, cut)}…`
}

// A box that follows the pointer and tells what is under it.
function readout(root) {
  const box = document.createElement("div")
  box.className = "dt-readout"
  box.hidden = true
  root.appendChild(box)
  return {
    box,
    show(lines, x, y) {
      box.textContent = ""
      lines.forEach((line, place) => {
        const row = document.createElement("div")
        row.textContent = line
        if (place === 0) row.className = "dt-readout-title"
        box.appendChild(row)
      })
      box.hidden = false
      const room = root.clientWidth - box.offsetWidth - 8
      box.style.left = `${Math.max(4, Math.min(x + 14, room))}px`
      box.style.top = `${y + box.offsetHeight + 24 > root.clientHeight && y > box.offsetHeight ? y - box.offsetHeight - 10 : y + 16}px`
    },
    hide() { box.hidden = true },
  }
}

const STYLE = `
:host { display: block; }
.dt-root { position: relative; width: 100%; }
.dt-scroll { position: relative; overflow-y: auto; overflow-x: hidden; }
.dt-root canvas { display: block; outline-offset: -2px; touch-action: pan-y; }
.dt-readout { position: absolute; z-index: 5; pointer-events: none; background: #1f2933;
  color: #fff; font: 11px/1.45 system-ui, sans-serif; padding: 5px 8px; border-radius: 4px;
  white-space: nowrap; box-shadow: 0 2px 8px rgba(31,41,51,.25); font-variant-numeric: tabular-nums; }
.dt-readout-title { font-weight: 600; }
`
