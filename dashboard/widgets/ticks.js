// Numbers in words, and round values along a scale.

/** @import { Row, ScaleRow } from "./rows.js" */

// In rows lower than this, only the ends of the scale have labels.
const TALL = 40

/**
 * A number in four digits.
 *
 * @param {number | null | undefined} value
 */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "none"
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2)
  return Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 })
}

/**
 * Round ticks of a vertical scale: about three of a linear one, powers of ten of a logarithmic one.
 *
 * @param {number} low
 * @param {number} high
 * @param {boolean} log
 */
export function scaleTicks(low, high, log) {
  if (!(high > low)) return [low]
  const ticks = []
  if (log) {
    const from = Math.ceil(Math.log10(low))
    const to = Math.floor(Math.log10(high))
    const step = Math.max(1, Math.ceil((to - from + 1) / 3))
    for (let power = from; power <= to; power += step) ticks.push(10 ** power)
    return ticks.length ? ticks : [low, high]
  }
  const rough = (high - low) / 3
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough) || rough
  for (let t = Math.ceil(low / step) * step; t <= high + step * 1e-9; t += step) ticks.push(t)
  return ticks
}

/**
 * Round values of a linear scale, about `most` of them.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function roundTicks(low, high, most) {
  if (!(high > low)) return [low]
  const rough = (high - low) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [5, 2, 1].map((k) => k * power).find((k) => k <= rough * 1.01) || power
  const ticks = []
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) {
    ticks.push(k * step)
  }
  return ticks
}

/**
 * A tick in at most three digits.
 *
 * @param {number} value
 */
export function tickText(value) {
  const short = Number(value.toPrecision(3))
  const size = Math.abs(short)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return short.toExponential().replace("+", "")
  return short.toLocaleString("en", { maximumFractionDigits: 6 })
}

/**
 * A value rounded to two digits: down (`round` is floor) or up (ceil).
 *
 * @param {number} value
 * @param {(value: number) => number} round
 */
function rounded(value, round) {
  if (!value) return 0
  const power = Math.floor(Math.log10(Math.abs(value))) - 1
  const step = Number(`1e${power}`)
  // Keep a value that is round apart from a rounding error.
  const near = Math.round(value / step)
  return Number(`${Math.abs(value / step - near) < 1e-4 ? near : round(value / step)}e${power}`)
}

/**
 * Both ends of a scale, as round values inside the scale if there are any.
 *
 * @param {{ low: number, high: number }} scale
 */
export function endTicks({ low, high }) {
  const [from, to] = [rounded(low, Math.ceil), rounded(high, Math.floor)]
  return from < to ? [from, to] : [low, high]
}

/**
 * Powers of ten; if there are fewer than two, also 2 and 5 times one.
 *
 * @param {{ low: number, high: number }} scale
 */
export function logTicks({ low, high }) {
  const isPower = (/** @type {number} */ tick) => Number.isInteger(Math.log10(tick))
  const powers = scaleTicks(low, high, true).filter(isPower)
  if (powers.length > 1) return powers
  const ticks = []
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1) {
    const few = [1, 2, 5].map((k) => Number(`${k}e${power}`))
    ticks.push(...few.filter((tick) => tick >= low && tick <= high))
  }
  return ticks.length > 1 ? ticks : endTicks({ low, high })
}

/**
 * Ticks of a row's scale, as [value, text]; only whole numbers for counts.
 *
 * @param {Row} row
 * @param {number} height pixels of the row
 * @returns {[number, string][]}
 */
export function ticksOf(row, height) {
  if (row.hide_scale || !hasScale(row) || !(row.high >= row.low)) return []
  let ticks
  if (row.high === row.low) ticks = [row.low]
  else if (height < TALL) ticks = endTicks(row)
  else ticks = row.log ? logTicks(row) : scaleTicks(row.low, row.high, false)
  const named = new Map()
  for (const tick of ticks) {
    if (!row.whole || Number.isInteger(tick)) named.set(tickText(tick), tick)
  }
  return [...named].map(([text, tick]) => [tick, text])
}

/**
 * Whether a row has a vertical scale.
 *
 * @param {Row} row
 * @returns {row is ScaleRow}
 */
function hasScale(row) {
  return row.low !== undefined && row.high !== undefined
}
