// Positions of items along the cube's axes, 0..1 of the window, and back. Classes and layers are
// evenly wide; iterations are evenly wide or at their true distance, as on every time axis.

/** @import { ItemWindow } from "./cube_geometry.js" */
import { TimeAxis } from "../../widgets/time_axis.js"

// Pixels from one label of the time axis to the next.
const LABEL = 74

/** @typedef {EvenScale | TimeScale} Scale */
/** First and last cell under each pixel of a picture. @typedef {Run[]} Runs */
/** @typedef {[first: number, last: number]} Run */

export class EvenScale {
  /** @param {ItemWindow} window */
  constructor({ first, last }) {
    this.first = first
    this.last = last
    this.isTrue = false
  }

  /** @param {number} item */
  edge(item) {
    return (item - this.first) / (this.last - this.first)
  }

  /** @param {number} item */
  centre(item) {
    return this.edge(item + 0.5)
  }

  /**
   * The item at a share, with the fraction of the item before it.
   *
   * @param {number} share
   */
  item(share) {
    return this.first + share * (this.last - this.first)
  }
}

export class TimeScale {
  /**
   * @param {ItemWindow} window
   * @param {number[]} iterations of every item
   * @param {boolean} [isTrue] whether the spacing is true; the page's without it
   */
  constructor({ first, last }, iterations, isTrue) {
    this.first = first
    this.last = last
    this.iterations = iterations
    this.axis = new TimeAxis(this.columns, { left: 0, right: 0, width: 1 }, isTrue)
  }

  get columns() {
    return { iterations: this.iterations, first: this.first, last: this.last - 1 }
  }

  get isTrue() {
    return this.axis.isTrue
  }

  /** @param {number} item */
  edge(item) {
    return this.axis.edge(item)
  }

  /** @param {number} item */
  centre(item) {
    return this.axis.centre(item)
  }

  /**
   * The item at a share, with the fraction of the item before it.
   *
   * @param {number} share
   */
  item(share) {
    if (!this.isTrue) return this.first + share * (this.last - this.first)
    const column = this.axis.column(share)
    const from = this.edge(column)
    const to = this.edge(column + 1)
    return column + Math.min(0.999, Math.max(0, (share - from) / (to - from)))
  }

  /**
   * Round iterations to label, `room` of them at most.
   *
   * @param {number} room
   */
  labels(room) {
    const width = LABEL * Math.max(1, room)
    const axis = new TimeAxis(this.columns, { left: 0, right: 0, width }, this.isTrue)
    const labels = axis.labels()
    return labels.map(({ x, value }) => ({ at: x / width, text: value.toLocaleString("en") }))
  }
}

/**
 * Cells of even width, `step` per pixel.
 *
 * @param {number} cells
 * @param {number} step
 * @returns {Runs}
 */
export function evenRuns(cells, step) {
  /** @type {Runs} */
  const runs = []
  for (let cell = 0; cell < cells; cell += step) {
    runs.push([cell, Math.min(cells, cell + step) - 1])
  }
  return runs
}

/**
 * Cells of any width. A pixel shows the cell under its middle; a cell too narrow for that shares
 * the pixel in which it lies, so that none is lost.
 *
 * @param {number[]} edges of the cells
 * @param {number} pixels
 * @returns {Runs}
 */
export function unevenRuns(edges, pixels) {
  /** @type {(Run | null)[]} */
  const runs = Array.from({ length: pixels }, () => null)
  const start = edges[0]
  const end = edges[edges.length - 1]
  const at = (/** @type {number} */ edge) => ((edge - start) / (end - start)) * pixels
  for (let cell = 0; cell + 1 < edges.length; cell += 1) {
    const [left, right] = [at(edges[cell]), at(edges[cell + 1])]
    const from = Math.ceil(left - 0.5)
    const to = Math.ceil(right - 0.5)
    const narrow = Math.min(pixels - 1, Math.floor((left + right) / 2))
    const [first, last] = from < to ? [from, to - 1] : [narrow, narrow]
    for (let pixel = first; pixel <= last; pixel += 1) {
      const run = runs[pixel]
      if (run) run[1] = cell
      else runs[pixel] = [cell, cell]
    }
  }
  return /** @type {Runs} */ (runs)
}
