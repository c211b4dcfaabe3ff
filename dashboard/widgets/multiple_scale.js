// Vertical scales of small multiples: linear, logarithmic, or logarithmic on both sides of zero.

/** @import { Context } from "./drawing.js" */
/** @import { Box } from "./row_drawers.js" */
/** @import { ScaleRow } from "./rows.js" */
/** @import { TimeAxis } from "./time_axis.js" */
import { drawGround, drawLevel } from "./row_drawers.js"
import { theme } from "./theme.js"
import { number, roundTicks, scaleTicks } from "./ticks.js"

// Least pixels between two ticks with labels.
const TICKS_APART = 12
const MOST_LOG_TICKS = 12
// Lines of the grid are drawn in rows of this height.
const GRID_FROM = 40

/**
 * A row with a scale. `threshold` ends the part about zero that is nearly linear.
 *
 * @typedef {Pick<ScaleRow, "low" | "high" | "threshold"> & {
 *   scale?: "linear" | "log" | "symlog"
 * }} MultipleScale
 */

/**
 * Convert a value to its position on the scale, in the scale's unit.
 *
 * @param {MultipleScale} row
 * @returns {(value: number) => number}
 */
export function transform({ scale, low, threshold = 1 }) {
  if (scale === "log") return (v) => Math.log10(Math.max(v, low))
  if (scale === "symlog") return (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / threshold)
  return (v) => v
}

/**
 * Convert a value to its share of the scale's height, between 0 and 1.
 *
 * @param {MultipleScale} row
 */
export function shareOf(row) {
  const t = transform(row)
  const low = t(row.low)
  const high = t(row.high)
  const span = high > low ? high - low : 1
  return (/** @type {number} */ value) => Math.min(1, Math.max(0, (t(value) - low) / span))
}

/**
 * Convert a value to its height in a row's box.
 *
 * @param {MultipleScale} row
 * @param {Box} box
 */
export function heightOf(row, box) {
  const share = shareOf(row)
  const top = box.top + 4
  const height = box.height - 8
  return (/** @type {number} */ value) => top + height * (1 - share(value))
}

/**
 * Ticks of a scale, nearest to zero first, so that crowded ticks are dropped from the ends.
 *
 * @param {MultipleScale} row
 * @param {number} height pixels
 */
export function multipleTicks(row, height) {
  const most = Math.max(2, Math.floor(height / 30))
  let ticks
  if (row.scale === "symlog") ticks = symlogTicks(row, most)
  else if (row.scale === "log") {
    ticks = scaleTicks(row.low, row.high, true).slice(0, MOST_LOG_TICKS)
  } else ticks = roundTicks(row.low, row.high, most)
  return ticks.sort((a, b) => Math.abs(a) - Math.abs(b))
}

/**
 * @param {MultipleScale} row
 * @param {number} most
 */
function symlogTicks({ low, high, threshold = 1 }, most) {
  const ticks = [0]
  const decades = Math.floor(Math.log10(Math.max(-low, high) / threshold))
  const skip = Math.max(1, Math.ceil((2 * decades) / most))
  for (let power = decades; power >= 1; power -= skip) {
    for (const value of [threshold * 10 ** power, -threshold * 10 ** power]) {
      if (value >= low && value <= high) ticks.push(value)
    }
  }
  return ticks
}

/**
 * Draw the box, its grid, and the labels of its ticks, without labels that would touch another.
 *
 * @param {Context} context
 * @param {TimeAxis} axis
 * @param {MultipleScale} row
 * @param {Box} box
 */
export function drawScale(context, axis, row, box) {
  drawGround(context, axis, box)
  const y = heightOf(row, box)
  /** @type {number[]} */
  const taken = []
  context.textAlign = "right"
  for (const tick of multipleTicks(row, box.height)) {
    const at = y(tick)
    if (box.height >= GRID_FROM) {
      context.strokeStyle = theme.grid
      context.lineWidth = 1
      drawLevel(context, axis, Math.round(at) + 0.5)
    }
    const shown = Math.min(box.top + box.height - 5, Math.max(box.top + 6, at))
    if (taken.some((other) => Math.abs(other - shown) < TICKS_APART)) continue
    taken.push(shown)
    context.fillStyle = theme.faint
    context.fillText(number(tick), axis.left - 6, shown)
  }
}
