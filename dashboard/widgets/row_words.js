// Descriptions of positions in a chart's rows, line by line.

/** @import { Numbers, Row } from "./rows.js" */
/** @import { Cell } from "./time_chart.js" */
import { placeOf, placeWords } from "./column_track.js"
import { nearest } from "./column_window.js"
import { MISSING, outcomeWords } from "./outcome_levels.js"
import { lengthOf } from "./rows.js"
import { number } from "./ticks.js"

/**
 * Describe a place of a row.
 *
 * @param {Cell} cell
 * @param {Numbers[]} data the row's numbers
 * @param {number[]} iterations of every column
 * @param {{ x: number, pixel: (column: number) => number }} pointer position, and columns'
 * @returns {string[]}
 */
export function rowWords({ box: { row }, line, column }, data, iterations, pointer) {
  const name = row.line_labels && line >= 0 ? row.line_labels[line] : row.label
  const title = `${name}, ${placeWords(row, column, iterations)}`
  const place = placeOf(row, column)
  if (row.kind === "image") return [title, ...imageWords(row, data, line, place)]
  if (row.kind === "marks") {
    const marks = row.marks || []
    return [title, ...marks.filter((mark) => mark.column === column).map(({ text }) => text)]
  }
  if (row.kind === "curves") return [title, ...curveWords(row, data, pointer)]
  const lines = data.map(({ array }, i) => `${row.series?.[i]?.name || i}: ${number(array[place])}`)
  return [title, ...lines]
}

/**
 * @param {Row} row
 * @param {Numbers[]} data levels, and the values behind them if these differ
 * @param {number} line
 * @param {number} place
 */
function imageWords(row, data, line, place) {
  const at = Math.max(0, line) * lengthOf(data[0].shape) + place
  const level = data[0].array[at]
  const value = (data[1] || data[0]).array[at]
  const words = row.value_names
  const lines = []
  if (row.palette === "outcome") lines.push(outcomeWords(level))
  else if (level === MISSING) lines.push("not recorded")
  else {
    const shown = words ? (words[value] ?? value) : number(value)
    lines.push(`${row.value_label || "value"}: ${shown}`)
  }
  const count = row.threshold ? data[2].array[place] : 0
  if (count) lines.push(`${count} anomalous`)
  return lines
}

/**
 * @param {Row} row
 * @param {Numbers[]} data places, values and smoothed values of each series
 * @param {{ x: number, pixel: (column: number) => number }} pointer
 */
function curveWords(row, data, { x, pixel }) {
  const lines = []
  for (const [i, series] of (row.series || []).entries()) {
    const [places, raw, smooth] = data.slice(3 * i, 3 * i + 3).map(({ array }) => array)
    const at = nearest(places, x, pixel)
    if (at < 0) continue
    const recorded = number(raw[at])
    const shown = row.smoothed ? `${number(smooth[at])} (recorded ${recorded})` : recorded
    lines.push(`${series.name}: ${shown}`)
  }
  return lines
}
