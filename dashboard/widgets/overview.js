// The overview strip: the whole run, with the window in it, which can be dragged.

/** @import { Context } from "./drawing.js" */
/** @import { RowChart } from "./row_chart.js" */
import { make } from "./dom.js"
import { crisp } from "./drawing.js"
import { pale, theme } from "./theme.js"
import { TimeAxis } from "./time_axis.js"

const OVERVIEW_HEIGHT = 22
// Distance from an edge of the window within which a drag moves the edge, in pixels.
const EDGE_REACH = 5

/** The strip above a chart with a brush. */
export class Overview {
  /** @param {RowChart} chart */
  constructor(chart) {
    this.chart = chart
    this.canvas = make("canvas", {
      class: "dt-overview",
      role: "img",
      onpointerdown: (event) => this.down(event),
      onpointermove: (event) => this.move(event),
      onpointerup: () => {
        this.held = null
      },
      ondblclick: () => chart.send({ type: "reset", row: "", line: -1, column: 0 }),
    })
    this.from = 0
    this.to = 0
    /** @type {{ edge: string, column: number, first: number, last: number } | null} */
    this.held = null
    this.axis = this.axisOf(0)
  }

  /** @param {number} width */
  axisOf(width) {
    const { iterations, left, right } = this.chart.model
    const last = Math.max(0, iterations.length - 1)
    return new TimeAxis({ iterations, first: 0, last }, { left, right, width })
  }

  /** @param {number} width */
  draw(width) {
    const { first, last, model } = this.chart
    this.axis = this.axisOf(width)
    this.paint(crisp(this.canvas, width, OVERVIEW_HEIGHT))
    const [from, to] = [first, last].map((column) =>
      (model.iterations[column] ?? 0).toLocaleString("en"),
    )
    this.canvas.setAttribute("aria-label", `The whole run; iterations ${from} to ${to} are shown.`)
  }

  /** @param {Context} context */
  paint(context) {
    const { axis, chart } = this
    const top = 3
    const height = OVERVIEW_HEIGHT - 7
    context.textAlign = "left"
    context.fillStyle = theme.faint
    context.fillText("whole run", 21, top + height / 2)
    context.fillStyle = theme.paper
    context.fillRect(axis.left, top, axis.span, height)
    context.fillStyle = theme.outline
    chart.model.overview.forEach((share, column) => {
      const from = axis.edge(column)
      const wide = Math.max(0.6, axis.edge(column + 1) - from)
      context.fillRect(from, top + height * (1 - share), wide, height * share)
    })
    this.from = axis.edge(chart.first)
    this.to = axis.edge(chart.last + 1)
    const wide = this.to - this.from
    context.fillStyle = pale(theme.series[0], chart.isWhole ? 0.08 : 0.22)
    context.fillRect(this.from, top, wide, height)
    context.strokeStyle = chart.isWhole ? theme.line : theme.accent
    context.lineWidth = 1
    context.strokeRect(this.from + 0.5, top - 0.5, Math.max(2, wide - 1), height + 1)
  }

  /**
   * Start a drag: inside the window it moves the window, at an edge it moves the edge. A press
   * outside centres the window there.
   *
   * @param {PointerEvent} event
   */
  down(event) {
    if (event.button) return
    const { chart } = this
    const x = event.offsetX
    if (!this.axis.holds(x)) return
    this.canvas.setPointerCapture(event.pointerId)
    const edge = this.edgeAt(x)
    if (!edge && (x < this.from || x > this.to)) {
      this.shift(this.axis.column(x) - Math.round((chart.first + chart.last) / 2))
    }
    this.held = { edge, column: this.axis.column(x), first: chart.first, last: chart.last }
  }

  /** @param {number} x */
  edgeAt(x) {
    if (Math.abs(x - this.from) < EDGE_REACH) return "first"
    return Math.abs(x - this.to) < EDGE_REACH ? "last" : ""
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { chart } = this
    const x = event.offsetX
    const inside = x > this.from && x < this.to
    this.canvas.style.cursor = this.edgeAt(x) ? "ew-resize" : inside ? "grab" : "pointer"
    if (!this.held) return
    const { edge, first, last } = this.held
    const by = this.axis.column(x) - this.held.column
    if (edge === "first") chart.zoomTo(Math.min(first + by, last - 1), last)
    else if (edge === "last") chart.zoomTo(first, Math.max(last + by, first + 1))
    else if (!chart.isWhole) this.shift(by, first, last)
  }

  /**
   * Move the window, within the run.
   *
   * @param {number} by columns
   * @param {number} [first]
   * @param {number} [last]
   */
  shift(by, first = this.chart.first, last = this.chart.last) {
    const most = this.chart.model.iterations.length - 1 - last
    const step = Math.min(most, Math.max(-first, by))
    this.chart.zoomTo(first + step, last + step)
  }
}
