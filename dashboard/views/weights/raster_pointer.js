// The pointer over the raster's figure: all charts show a line at its column, and the figure shows
// theirs. The wheel scrolls the page if there is nothing to zoom.

/** A Bokeh figure, its view, and the arguments of the script. */
/** @typedef {{ start: number, end: number, bounds: [number, number] }} Range */
/** @typedef {{ x_range: Range, y_range: Range }} Plot */
/** @typedef {{ contains: (x: number, y: number) => boolean }} Box */
/**
 * @typedef {{
 *   el: HTMLElement & { dtHasWheel?: boolean }, frame: { bbox: Box },
 *   axis_views: { bbox: Box, dimension: 0 | 1 }[],
 * }} FigureView
 */
/** @typedef {{ from: number[], to: number[], centre: number[] }} Columns */
/**
 * @typedef {{
 *   visible: boolean, dtHasHover?: boolean,
 *   setv: (values: { visible: boolean, location?: number }, options: { sync: boolean }) => void,
 * }} Line
 */
/** @typedef {{ plot: Plot, line: Line, columns: { data: Columns } }} Arguments */

// Wheel events within this many milliseconds are one gesture.
const ONE_GESTURE = 400

/**
 * The column at a position of the axis; -1 outside all columns.
 *
 * @param {Pick<Columns, "from" | "to">} columns
 * @param {number} place
 */
export function columnAt({ from, to }, place) {
  let low = 0
  let high = from.length - 1
  if (!(place >= from[0] && place <= to[high])) return -1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (from[middle] <= place) low = middle
    else high = middle - 1
  }
  return low
}

/**
 * @param {Range} range
 * @param {number} place
 */
function shows({ start, end }, place) {
  return place >= Math.min(start, end) && place <= Math.max(start, end)
}

/**
 * Whether a range covers its bounds.
 *
 * @param {Range} range
 */
export function isWhole({ bounds, start, end }) {
  const slack = 1e-6 * (bounds[1] - bounds[0])
  return Math.min(start, end) <= bounds[0] + slack && Math.max(start, end) >= bounds[1] - slack
}

/**
 * Whether a wheel event zooms the figure: over its frame or an axis, unless all is shown already.
 *
 * @param {FigureView} view
 * @param {Plot} plot
 * @param {WheelEvent} event
 */
function zooms(view, plot, event) {
  const bounds = view.el.getBoundingClientRect()
  const x = event.clientX - bounds.left
  const y = event.clientY - bounds.top
  const axis = view.axis_views.find(({ bbox }) => bbox.contains(x, y))
  if (!axis && !view.frame.bbox.contains(x, y)) return false
  const both = [plot.x_range, plot.y_range]
  const ranges = axis ? [both[axis.dimension]] : both
  return event.deltaY < 0 || !ranges.every(isWhole)
}

/**
 * Handle wheel events before Bokeh, which would consume all of them. The figure gets a new element
 * when it changes panes: each element needs this once.
 *
 * @param {FigureView | null} view
 * @param {Plot} plot
 */
function interceptWheel(view, plot) {
  if (!view || view.el.dtHasWheel) return
  view.el.dtHasWheel = true
  let wheeled = Number.NEGATIVE_INFINITY
  /** @param {WheelEvent} event */
  const wheel = (event) => {
    const isUsed = zooms(view, plot, event)
    const goesOn = event.timeStamp - wheeled < ONE_GESTURE
    if (!isUsed) event.stopPropagation()
    // A gesture that zoomed out to the whole must not scroll the page afterwards.
    if (!isUsed && goesOn) event.preventDefault()
    if (isUsed || goesOn) wheeled = event.timeStamp
  }
  view.el.addEventListener("wheel", wheel, { capture: true, passive: false })
}

/**
 * Show the line under the pointer of any chart.
 *
 * @param {Arguments} args
 */
function showHovered({ plot, line, columns }) {
  if (line.dtHasHover) return
  line.dtHasHover = true
  /** @param {any} event */
  const hovered = ({ detail: { column } }) => {
    const location = columns.data.centre[column]
    const visible = location !== undefined && shows(plot.x_range, location)
    // Only the browser needs this value.
    const values = visible ? { location, visible } : { visible }
    if (visible || line.visible) line.setv(values, { sync: false })
  }
  document.addEventListener("dt-hover", hovered)
}

/**
 * Callback of Bokeh when the pointer enters, moves over or leaves the figure.
 *
 * @param {Arguments} args
 * @param {{ event_name?: string, x: number, y: number }} event
 * @param {unknown} _data
 * @param {{ index: { find_one: (plot: Plot) => FigureView | null } }} context
 */
export function onPointer(args, event, _data, { index }) {
  const { plot, columns } = args
  showHovered(args)
  interceptWheel(index.find_one(plot), plot)
  const moves = event.event_name === "mousemove"
  if (!moves && event.event_name !== "mouseleave") return
  const isInside = moves && shows(plot.x_range, event.x) && shows(plot.y_range, event.y)
  const column = isInside ? columnAt(columns.data, event.x) : -1
  document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column } }))
}
