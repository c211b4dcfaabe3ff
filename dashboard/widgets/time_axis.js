// The time axis. Ordinal: all recorded iterations have the same width. True: each is at its
// iteration, and extends half way to its neighbours.

/** @import { Context } from "./drawing.js" */
import { theme } from "./theme.js"

// Pixels from one label to the next.
const COLUMN_LABEL = 62
const ITERATION_LABEL = 74

/** Whether the page's time axes have true spacing. */
export function isTrueSpacing() {
  return document.documentElement.dataset.spacing === "true"
}

/** Columns of a run, from `first` to `last`, between two margins. */
export class TimeAxis {
  /**
   * @param {{ iterations: number[], first: number, last: number }} columns
   * @param {{ left: number, right: number, width: number }} place in pixels
   * @param {boolean} [isTrue]
   */
  constructor({ iterations, first, last }, { left, right, width }, isTrue = isTrueSpacing()) {
    this.iterations = iterations
    this.first = first
    this.last = last
    this.left = left
    this.span = Math.max(1, width - left - right)
    this.count = Math.max(1, last - first + 1)
    this.isTrue = isTrue && iterations.length > 1
    this.from = this.isTrue ? this.bound(first) : 0
    this.scale = this.isTrue ? this.span / Math.max(1e-9, this.bound(last + 1) - this.from) : 0
  }

  /**
   * The start of a column, in iterations.
   *
   * @param {number} column
   */
  bound(column) {
    const { iterations } = this
    const n = iterations.length
    if (column <= 0) return iterations[0] - (iterations[1] - iterations[0]) / 2
    if (column >= n) return iterations[n - 1] + (iterations[n - 1] - iterations[n - 2]) / 2
    return (iterations[column - 1] + iterations[column]) / 2
  }

  /** @param {number} iteration */
  pixel(iteration) {
    return this.left + (iteration - this.from) * this.scale
  }

  /** @param {number} column */
  edge(column) {
    if (this.isTrue) return this.pixel(this.bound(Math.round(column)))
    return this.left + ((column - this.first) * this.span) / this.count
  }

  /**
   * The pixel of a column's centre; 3.5 is half way between those of columns 3 and 4.
   *
   * @param {number} column
   */
  centre(column) {
    if (!this.isTrue) return this.left + ((column + 0.5 - this.first) * this.span) / this.count
    const { iterations } = this
    const at = Math.min(iterations.length - 2, Math.max(0, Math.floor(column)))
    return this.pixel(iterations[at] + (column - at) * (iterations[at + 1] - iterations[at]))
  }

  get end() {
    return this.left + this.span
  }

  /** @param {number} column */
  shows(column) {
    return column >= this.first && column <= this.last
  }

  /**
   * The column at a pixel.
   *
   * @param {number} x
   */
  column(x) {
    if (!this.isTrue) {
      const column = this.first + Math.floor(((x - this.left) * this.count) / this.span)
      return Math.min(this.last, Math.max(this.first, column))
    }
    let low = this.first
    let high = this.last
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.edge(middle) <= x) low = middle
      else high = middle - 1
    }
    return low
  }

  /** @param {number} x */
  holds(x) {
    return x >= this.left && x <= this.end
  }

  /** Columns to label if they are evenly wide: as many as fit. */
  ticks() {
    const step = Math.max(1, Math.ceil((this.count * COLUMN_LABEL) / this.span))
    const columns = []
    for (let column = this.first; column <= this.last; column += step) columns.push(column)
    return columns
  }

  /** Labels with their pixels: of columns, or of round iterations if the spacing is true. */
  labels() {
    if (!this.isTrue) {
      return this.ticks().map((column) => ({
        x: this.centre(column),
        value: this.iterations[column],
      }))
    }
    const room = this.span / this.scale
    const rough = (room * ITERATION_LABEL) / this.span
    const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
    const step = Math.max(1, [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough) || rough)
    const labels = []
    for (let value = Math.ceil(this.from / step) * step; value <= this.from + room; value += step) {
      labels.push({ x: this.pixel(value), value: value || 0 })
    }
    return labels
  }
}

/**
 * Write iterations under a chart.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {number} y
 */
export function drawTimeLabels(context, axis, y) {
  context.fillStyle = theme.faint
  context.textAlign = "center"
  for (const { x, value } of axis.labels()) context.fillText(value.toLocaleString("en"), x, y)
  context.textAlign = "right"
  context.fillText("iteration", axis.left - 10, y)
}

/**
 * Draw a line at each picked column.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {number[]} picked
 * @param {number} top
 * @param {number} bottom
 */
export function drawPicks(context, axis, picked, top, bottom) {
  context.strokeStyle = theme.pick
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
