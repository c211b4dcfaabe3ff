// Descriptions of positions in a list of classes and images, line by line.

/** @import { ListRow } from "./row_list.js" */
/** @import { Numbers } from "./rows.js" */
import { placeOf, placeWords } from "./column_track.js"
import { MISSING, NO_PREDICTION, outcomeWords } from "./outcome_levels.js"
import { lengthOf } from "./rows.js"
import { number } from "./ticks.js"

/**
 * Describe a place of a row; for several iterations, the worst.
 *
 * @param {{ row: ListRow, line: number, column: number }} cell
 * @param {Numbers[]} data the row's numbers, and the counts of anomalous images
 * @param {number[]} iterations of every column
 */
export function listWords({ row, line, column }, [main, counts], iterations) {
  const place = placeOf(row, column)
  const value = main.array[Math.max(0, line) * lengthOf(main.shape) + place]
  const name = line >= 0 ? row.line_labels[line] : row.label
  const most = (row.step || 1) > 1 ? "up to " : ""
  const lines = [
    `${name}, ${placeWords(row, column, iterations)}`,
    isMissing(row, value) ? "not recorded" : valueWords(row, value, most),
  ]
  const anomalous = counts?.array[place]
  if (anomalous) lines.push(`${most}${number(anomalous)} anomalous`)
  return lines
}

/**
 * @param {ListRow} row
 * @param {number} value
 */
function isMissing(row, value) {
  if (!Number.isFinite(value)) return true
  if (row.kind === "outcome") return value === MISSING
  return row.kind === "label" && value === NO_PREDICTION
}

/**
 * @param {ListRow} row
 * @param {number} value
 * @param {string} most "up to " for several iterations
 */
function valueWords(row, value, most) {
  if (row.kind === "heat") {
    const wrong = Math.round(value * row.size).toLocaleString("en")
    const all = `${wrong} of ${row.size.toLocaleString("en")} images`
    return `${most}${number(100 * value)} % wrong: ${all}`
  }
  if (row.kind === "outcome") return outcomeWords(value)
  if (row.kind === "label") {
    const last = most && value !== row.own_class ? ", the last time it was wrong" : ""
    return `predicted ${row.value_names?.[value] ?? value}${last}`
  }
  return `${row.value_label}: ${most}${number(value)}`
}
