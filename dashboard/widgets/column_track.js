// Positions of a row's numbers on a time axis: `step` columns per place, from `column0` on.

/** @import { Context } from "./drawing.js" */
/** @import { TimeAxis } from "./time_axis.js" */

/** @typedef {{ column0?: number, step?: number }} Placing */

/** The places of a row that a time axis shows, from `from` to `to`. */
export class Track {
  /**
   * @param {TimeAxis} axis
   * @param {Placing} row
   * @param {number} count places of the row
   */
  constructor(axis, row, count) {
    this.axis = axis
    this.count = count
    this.step = row.step || 1
    this.column0 = row.column0 || 0
    this.from = Math.max(0, Math.floor((axis.first - this.column0) / this.step))
    this.to = Math.min(count - 1, Math.floor((axis.last - this.column0) / this.step))
  }

  /** @param {number} place */
  edge(place) {
    const x = this.axis.edge(this.column0 + place * this.step)
    return Math.min(this.axis.end, Math.max(this.axis.left, x))
  }

  /** @param {number} place */
  centre(place) {
    if (this.step === 1) return this.axis.centre(this.column0 + place)
    return (this.edge(place) + this.edge(place + 1)) / 2
  }

  /**
   * Places at least this many pixels apart.
   *
   * @param {number} pixels
   */
  *apart(pixels) {
    let last = Number.NEGATIVE_INFINITY
    for (let place = this.from; place <= this.to; place += 1) {
      const x = this.centre(place)
      if (x - last < pixels) continue
      last = x
      yield place
    }
  }

  /**
   * Draw a picture that has one pixel per place.
   *
   * @param {Context} context
   * @param {OffscreenCanvas} picture
   * @param {{ top: number, height: number }} box
   */
  blit(context, picture, { top, height }) {
    const { axis } = this
    if (!axis.isTrue) {
      const from = Math.max(0, (axis.first - this.column0) / this.step)
      const to = Math.min(this.count, (axis.last + 1 - this.column0) / this.step)
      if (to <= from) return
      const [left, right] = [from, to].map((place) => axis.edge(this.column0 + place * this.step))
      const source = [from, 0, to - from, picture.height]
      context.drawImage(picture, ...source, left, top, right - left, height)
      return
    }
    let left = this.edge(this.from)
    for (let place = this.from; place <= this.to; place += 1) {
      const right = this.edge(place + 1)
      // A place narrower than half a pixel is covered by its neighbour.
      if (right - left < 0.5 && place < this.to) continue
      context.drawImage(picture, place, 0, 1, picture.height, left, top, right - left + 0.4, height)
      left = right
    }
  }
}

/**
 * The place that holds a column.
 *
 * @param {Placing} row
 * @param {number} column
 */
export function placeOf(row, column) {
  return Math.floor((column - (row.column0 || 0)) / (row.step || 1))
}

/**
 * The iterations that a column's place holds, in words.
 *
 * @param {Placing} row
 * @param {number} column
 * @param {number[]} iterations
 */
export function placeWords(row, column, iterations) {
  const step = row.step || 1
  /** @param {number} at */
  const spelled = (at) =>
    (iterations[Math.min(iterations.length - 1, at)] ?? 0).toLocaleString("en")
  if (step === 1) return `iteration ${spelled(column)}`
  const first = (row.column0 || 0) + placeOf(row, column) * step
  return `iterations ${spelled(first)} to ${spelled(first + step - 1)}`
}
