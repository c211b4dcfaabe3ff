// What every canvas shares: crisp drawing, the time axis, ticks, numbers, the readout.

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'

// Between a chart and the end of the screen that it fills; how many times taller its rows become.
const SCREEN_EDGE = 20
const MOST_STRETCHED = 5

// Colours of the theme, read from the page's CSS variables before each drawing.
let INK, FAINT, LINE, GRID, PAPER, SOFT, ACCENT, PICK, OUTLINE, MEDIAN, BOX, WARN, DARK
let EXTREMES, QUARTILES  // how opaque their bands are
let SERIES = []
const LIGHT_SERIES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#5D5D5D"]

function readTheme() {
  const style = getComputedStyle(document.documentElement)
  const colour = (name, other) => style.getPropertyValue(`--dt-${name}`).trim() || other
  INK = colour("ink", "#1f2933")
  FAINT = colour("faint", "#52606d")
  LINE = colour("line", "#d9dee4")
  GRID = colour("grid", "#eef1f4")
  PAPER = colour("paper", "#ffffff")
  SOFT = colour("soft", "#e8f1f8")
  ACCENT = colour("accent", "#0b4f7d")
  PICK = colour("pick", "#b42318")
  OUTLINE = colour("outline", "#8895a3")
  MEDIAN = colour("median", "#00456b")
  BOX = colour("box", "#9cc3e0")
  WARN = colour("warn", "#8a3a00")
  DARK = colour("dark", "0") === "1"
  EXTREMES = Number(colour("extremes", "0.18"))
  QUARTILES = Number(colour("quartiles", "0.42"))
  SERIES = LIGHT_SERIES.map((light, place) => colour(`series-${place}`, light))
}
readTheme()

// A series' colour in the theme: the server names the light one.
function themed(light) {
  const place = LIGHT_SERIES.indexOf(light)
  return place < 0 ? light : SERIES[place]
}

// A colour, thinned.
function pale(colour, alpha) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))
  return `rgba(${r},${g},${b},${alpha})`
}

// Call `draw` when the theme changes; gives what ends that.
function onTheme(draw) {
  const system = matchMedia("(prefers-color-scheme: dark)")
  document.addEventListener("dt-theme", draw)
  system.addEventListener("change", draw)
  return () => {
    document.removeEventListener("dt-theme", draw)
    system.removeEventListener("change", draw)
  }
}

// Size a canvas to CSS pixels at the screen's own resolution, and give its context.
function crisp(canvas, width, height) {
  readTheme()
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

// The time axis. Ordinal: each recorded iteration is as wide as any other. True: each stands where it
// was recorded, and reaches half way to its neighbours. The page's frame says which (`data-spacing`).
class TimeAxis {
  constructor(iterations, first, last, left, right, width) {
    Object.assign(this, { iterations, first, last, left })
    this.span = Math.max(1, width - left - right)
    this.count = Math.max(1, last - first + 1)
    this.isTrue = document.documentElement.dataset.spacing === "true" && iterations.length > 1
    if (this.isTrue) {
      this.from = this.bound(first)
      this.scale = this.span / Math.max(1e-9, this.bound(last + 1) - this.from)
    }
  }
  // Where a column begins, in iterations.
  bound(column) {
    const { iterations } = this
    const n = iterations.length
    if (column <= 0) return iterations[0] - (iterations[1] - iterations[0]) / 2
    if (column >= n) return iterations[n - 1] + (iterations[n - 1] - iterations[n - 2]) / 2
    return (iterations[column - 1] + iterations[column]) / 2
  }
  pixel(iteration) { return this.left + (iteration - this.from) * this.scale }
  edge(column) {
    if (this.isTrue) return this.pixel(this.bound(Math.round(column)))
    return this.left + ((column - this.first) * this.span) / this.count
  }
  centre(column) { return this.place(column) }
  // A place between columns: 3.5 lies half way between the iterations of columns 3 and 4.
  place(column) {
    if (!this.isTrue) return this.left + ((column + 0.5 - this.first) * this.span) / this.count
    const { iterations } = this
    const at = Math.min(iterations.length - 2, Math.max(0, Math.floor(column)))
    return this.pixel(iterations[at] + (column - at) * (iterations[at + 1] - iterations[at]))
  }
  get end() { return this.left + this.span }
  shows(column) { return column >= this.first && column <= this.last }
  column(x) {
    if (!this.isTrue) {
      const column = this.first + Math.floor(((x - this.left) * this.count) / this.span)
      return Math.min(this.last, Math.max(this.first, column))
    }
    let low = this.first, high = this.last
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.edge(middle) <= x) low = middle; else high = middle - 1
    }
    return low
  }
  holds(x) { return x >= this.left && x <= this.end }
  // Columns to label when they are evenly wide: as many as fit.
  ticks() {
    const step = Math.max(1, Math.ceil((this.count * 62) / this.span))
    const columns = []
    for (let column = this.first; column <= this.last; column += step) columns.push(column)
    return columns
  }
  // Labels with their places: of columns, or round iterations where the spacing is true.
  labels() {
    if (!this.isTrue) {
      return this.ticks().map((column) => ({ x: this.centre(column), value: this.iterations[column] }))
    }
    const room = this.span / this.scale
    const rough = (room * 74) / this.span
    const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
    const step = Math.max(1, [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough) || rough)
    const labels = []
    for (let value = Math.ceil(this.from / step) * step; value <= this.from + room; value += step) {
      labels.push({ x: this.pixel(value), value: value || 0 })
    }
    return labels
  }
}

function drawTimeLabels(context, axis, y) {
  context.fillStyle = FAINT
  context.textAlign = "center"
  for (const { x, value } of axis.labels()) context.fillText(value.toLocaleString("en"), x, y)
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

// What holds an element: over shadow roots, the nearest with one of the classes.
function holderOf(element, ...classes) {
  for (let at = element; at; at = at.parentNode || at.host) {
    if (classes.some((name) => at.classList?.contains(name))) return at
  }
  return null
}

function paneOf(element) { return holderOf(element, "dt-pane", "dt-timeline") || document.body }

// The part of a page that stays on top when it scrolls.
function topOf(element) { return holderOf(element, "dt-page")?.shadowRoot.querySelector(".dt-top") }

// The pixels that a chart has from its top to the end of the screen while its pane fills that, less
// what stands below it; 0 otherwise.
function screenRoom(element, below = 0) {
  const pane = paneOf(element)
  if (!pane.matches(":fullscreen")) return 0
  const top = element.getBoundingClientRect().top + pane.scrollTop
  return Math.max(0, Math.floor(window.innerHeight - top - below - SCREEN_EDGE))
}

// Call `draw` when a pane begins or ends to fill the screen; gives what ends that.
function onFullScreen(draw) {
  document.addEventListener("fullscreenchange", draw)
  window.addEventListener("resize", draw)
  return () => {
    document.removeEventListener("fullscreenchange", draw)
    window.removeEventListener("resize", draw)
  }
}

// How many times taller the rows of a short chart are on the whole screen.
function stretched(room, total) { return Math.min(MOST_STRETCHED, Math.max(1, room / Math.max(1, total))) }

// What stands below a chart makes room for one that is taller than the page knows.
function reserve(root, height) { root.getRootNode().host.style.minHeight = height ? `${Math.ceil(height)}px` : "" }

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
      // Above the pointer where the chart ends below it, or the window does.
      const tall = box.offsetHeight, toWindow = window.innerHeight - root.getBoundingClientRect().top
      const ends = (y + tall + 24 > root.clientHeight && y > tall) || y + tall + 20 > toWindow
      box.style.top = `${ends ? y - tall - 10 : y + 16}px`
    },
    hide() { box.hidden = true },
  }
}

const STYLE = `
.dt-root { position: relative; width: 100%; }
.dt-scroll { position: relative; overflow-y: auto; overflow-x: hidden; }
.dt-root canvas { display: block; outline-offset: -2px; touch-action: pan-y; }
.dt-root canvas:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); }
.dt-scroll > canvas { position: sticky; top: 0; }
.dt-scroll { scrollbar-width: thin; }
.dt-cross { position: absolute; top: 0; width: 1px; pointer-events: none; z-index: 3;
  background: var(--dt-faint, #52606d); opacity: .65; }
.dt-say { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.dt-readout { position: absolute; z-index: 5; pointer-events: none; background: var(--dt-tip, #1f2933);
  color: #fff; font: 11px/1.45 system-ui, sans-serif; padding: 5px 8px; border-radius: 4px;
  white-space: nowrap; box-shadow: 0 2px 8px var(--dt-shadow, rgba(31,41,51,.25)); font-variant-numeric: tabular-nums; }
.dt-readout-title { font-weight: 600; }
`
