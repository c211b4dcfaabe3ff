// What the pointer does over the raster's figure. Told to all charts is the column under it, and of
// them the figure learns theirs; the wheel scrolls the page where there is nothing to zoom.

// Turns of the wheel within so many milliseconds are one gesture.
const ONE_GESTURE = 400

function columnAt({ from, to }, place) {
  let low = 0, high = from.length - 1
  if (!(place >= from[0] && place <= to[high])) return -1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (from[middle] <= place) low = middle; else high = middle - 1
  }
  return low
}

const shows = ({ start, end }, place) => place >= Math.min(start, end) && place <= Math.max(start, end)

const isWhole = ({ bounds, start, end }) => {
  const slack = 1e-6 * (bounds[1] - bounds[0])
  return Math.min(start, end) <= bounds[0] + slack && Math.max(start, end) >= bounds[1] - slack
}

// Whether the figure has a use for the wheel: over its frame or an axis, while there is more to see.
function zooms(view, plot, event) {
  const bounds = view.el.getBoundingClientRect()
  const x = event.clientX - bounds.left, y = event.clientY - bounds.top
  const axis = view.axis_views.find(({ bbox }) => bbox.contains(x, y))
  if (!axis && !view.frame.bbox.contains(x, y)) return false
  const ranges = axis ? [axis.dimension === 0 ? plot.x_range : plot.y_range] : [plot.x_range, plot.y_range]
  return event.deltaY < 0 || !ranges.every(isWhole)
}

// The figure is drawn anew when it changes panes: what belongs to its element is done once an element.
function attend(view, plot) {
  if (!view || view.el.dtAttended) return
  view.el.dtAttended = true
  let wheeled = -Infinity
  // Before Bokeh hears of it: Bokeh takes every wheel event for its own.
  view.el.addEventListener("wheel", (event) => {
    const isUsed = zooms(view, plot, event), goesOn = event.timeStamp - wheeled < ONE_GESTURE
    if (!isUsed) event.stopPropagation()
    // The gesture that zoomed to the whole does not go on as one that scrolls the page.
    if (!isUsed && goesOn) event.preventDefault()
    if (isUsed || goesOn) wheeled = event.timeStamp
  }, { capture: true, passive: false })
}

function follow({ plot, line, columns }) {
  if (line.dtFollows) return
  line.dtFollows = true
  document.addEventListener("dt-hover", ({ detail: { column } }) => {
    const location = columns.data.centre[column]
    const visible = location !== undefined && shows(plot.x_range, location)
    // The server need not know.
    if (visible || line.visible) line.setv(visible ? { location, visible } : { visible }, { sync: false })
  })
}

export default (args, event, _data, { index }) => {
  const { plot, columns } = args
  follow(args)
  attend(index.find_one(plot), plot)
  if (event.event_name !== "mousemove" && event.event_name !== "mouseleave") return
  const isInside = event.event_name === "mousemove" && shows(plot.x_range, event.x) && shows(plot.y_range, event.y)
  const column = isInside ? columnAt(columns.data, event.x) : -1
  document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column } }))
}
