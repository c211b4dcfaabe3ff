// Runs: successive places that have numbers.

/** @import { Track } from "./column_track.js" */
/** @import { Context } from "./drawing.js" */
import { fillShape, strokeThrough } from "./drawing.js"

/** @typedef {ArrayLike<number>} Values */

/**
 * Runs of places where every given series has a number.
 *
 * @param {{ from: number, to: number }} places
 * @param {Values[]} arrays
 */
export function runs({ from, to }, arrays) {
  /** @type {number[][]} */
  const found = []
  let isOpen = false
  for (let place = from; place <= to; place += 1) {
    const isKnown = arrays.every((array) => Number.isFinite(array[place]))
    if (isKnown && isOpen) found[found.length - 1].push(place)
    else if (isKnown) found.push([place])
    isOpen = isKnown
  }
  return found
}

/**
 * Draw a run as a line.
 *
 * @param {Context} context
 * @param {Track} track
 * @param {number[]} places
 * @param {Values} values
 * @param {(value: number) => number} y
 */
export function drawRun(context, track, places, values, y) {
  const [first] = places
  // A lone snapshot is a short level line, not an invisible point.
  if (places.length === 1) {
    strokeThrough(context, [
      [track.edge(first), y(values[first])],
      [track.edge(first + 1), y(values[first])],
    ])
  } else {
    strokeThrough(
      context,
      places.map((place) => [track.centre(place), y(values[place])]),
    )
  }
}

/**
 * Fill a run between two series.
 *
 * @param {Context} context
 * @param {Track} track
 * @param {number[]} places
 * @param {[Values, Values]} between the lower and the upper one
 * @param {(value: number) => number} y
 * @param {string} colour
 */
export function fillRun(context, track, places, [lower, upper], y, colour) {
  const [first] = places
  const isLone = places.length === 1
  const at = isLone ? [first, first] : places
  const xs = isLone
    ? [track.edge(first), track.edge(first + 1)]
    : places.map((place) => track.centre(place))
  const over = at.map((place, i) => [xs[i], y(upper[place])])
  const under = at.map((place, i) => [xs[i], y(lower[place])])
  context.fillStyle = colour
  fillShape(context, [...over, ...under.reverse()])
}
