// A row chart of any length: the server sends the rows' heights; missing rows are requested before
// they scroll into sight.

import { placeOf, placeWords } from "./column_track.js"
import { drawFilterMarks, PIXEL_DRAWERS } from "./pixel_rows.js"
import { RowChart } from "./row_chart.js"
import { ROW_DRAWERS } from "./row_drawers.js"
import { MULTIPLE_DRAWERS } from "./small_multiples.js"
import { number } from "./ticks.js"
import { renderChart } from "./time_chart.js"
/** @import { Painted } from "./chart_sheet.js" */
/** @import { Model } from "./component.js" */
/** @import { Context } from "./drawing.js" */
/** @import { FilterMark } from "./pixel_rows.js" */
/** @import { RowChartModel } from "./row_chart.js" */
/** @import { Row, RowBox } from "./rows.js" */
/** @import { Cell, Point } from "./time_chart.js" */
import { drawEnlarge, drawWaiting, ENLARGE_SIZE } from "./tree_marks.js"

const DRAWERS = { ...ROW_DRAWERS, ...MULTIPLE_DRAWERS, ...PIXEL_DRAWERS }
const MARK_WORDS = {
  top: "among the top filters",
  common: "a top filter at every picked iteration",
  picked: "picked",
}

/** @typedef {Row & { top: number, can_enlarge?: boolean, scale?: string }} TreeRow */

/**
 * @typedef {RowChartModel & Model<{
 *   total: number, sent: [top: number, bottom: number], marks: Record<string, FilterMark[]>,
 *   enlarged: string,
 * }>} TreeChartModel
 */

/** @extends {RowChart<TreeChartModel>} */
class TreeChart extends RowChart {
  /**
   * @param {TreeChartModel} model
   * @param {Painted} root
   */
  constructor(model, root) {
    super(model, root)
    /** The row under the pointer. */
    this.over = ""
    /** The rows at the time of the last request. @type {Row[] | null} */
    this.rowsAtRequest = null
    this.canvas.addEventListener("pointerleave", () => {
      this.over = ""
      this.scheduleDraw()
    })
  }

  /** @override */
  get drawers() {
    return DRAWERS
  }

  /** @override */
  layout() {
    const { total } = this.model
    this.fit(total)
    this.boxes = /** @type {TreeRow[]} */ (this.rows).map((row) => ({
      row,
      top: row.top * this.stretch,
      height: row.height * this.stretch,
    }))
    this.height = total * this.stretch
    this.room = Math.min(this.most || this.height, this.height)
  }

  /** @override */
  draw() {
    super.draw()
    if (!this.isDrawn) return
    this.scrollToTarget()
    this.requestRows()
  }

  /**
   * @override
   * @param {Context} context
   * @param {number} top
   */
  drawOver(context, top) {
    super.drawOver(context, top)
    const { marks, enlarged, sent } = this.model
    for (const box of this.boxes.filter((b) => this.isVisible(b))) {
      const row = /** @type {TreeRow} */ (box.row)
      if (marks[row.id]) {
        const [lines] = this.numbersOf(row)[0].shape
        drawFilterMarks(context, this.axis, box, marks[row.id], lines)
      }
      if (row.can_enlarge && [this.over, this.cursor, enlarged].includes(row.id)) {
        drawEnlarge(context, this.enlargeAt(box), row.id === enlarged)
      }
    }
    if (!this.isSent()) drawWaiting(context, sent, this.scrolled, this.room)
  }

  /**
   * Show the longest detail that fits: a number is never cut.
   *
   * @override
   * @param {Context} context
   * @param {RowBox} box
   * @param {number} x
   * @param {number} y
   */
  drawLabelDetails(context, box, x, y) {
    const { row } = box
    const room = this.axis.left - x - 1 - (row.label_room || 8)
    const fits = (/** @type {string} */ text) => context.measureText(text).width <= room
    if (row.details) row.detail = row.details.find(fits) || ""
    return super.drawLabelDetails(context, box, x, y)
  }

  /**
   * The place of the enlarge button: at the end of a row's label, or under it if there is room.
   *
   * @param {RowBox} box
   */
  enlargeAt({ row, top, height }) {
    const size = ENLARGE_SIZE
    if (height > 100) return { x: 21 + 12 * (row.indent || 0), y: top + 36, size }
    const x = this.axis.left - (row.label_room || 54) - size
    return { x, y: top + Math.max(0, Math.min(height - 18, 18)), size }
  }

  /**
   * Whether all rows in sight have arrived.
   *
   * @param {number} [beyond] pixels above and below
   */
  isSent(beyond = 0) {
    const [top, bottom] = this.model.sent
    const end = Math.min(this.model.total, this.scrolled + this.room + beyond)
    return Math.max(0, this.scrolled - beyond) >= top && end <= bottom
  }

  /** Request the rows in sight a little before they are needed; once for each answer. */
  requestRows() {
    if (this.isSent(this.room / 3)) {
      this.rowsAtRequest = null
      return
    }
    if (this.rowsAtRequest === this.model.rows) return
    this.rowsAtRequest = this.model.rows
    this.send({ type: "sight", top: this.scrolled, bottom: this.scrolled + this.room })
  }

  /**
   * Redraw only: the server sends a scroll target, as it may have to unfold the node first.
   *
   * @override
   */
  onSelected() {
    this.scheduleDraw()
  }

  /**
   * @override
   * @param {Point} place
   */
  hover(place) {
    super.hover(place)
    const { box } = this.target(place)
    const over = box?.row.id || ""
    if (over !== this.over) {
      this.over = over
      this.scheduleDraw()
    }
    if (!box || !this.onEnlarge(box, place)) return
    this.show([over === this.model.enlarged ? "shrink" : "enlarge"], place)
  }

  /**
   * @param {RowBox} box
   * @param {Point} place
   */
  onEnlarge(box, { x, y }) {
    if (!(/** @type {TreeRow} */ (box.row).can_enlarge)) return false
    const at = this.enlargeAt(box)
    return x >= at.x && x <= at.x + at.size && y >= at.y && y <= at.y + at.size
  }

  /**
   * @override
   * @param {Cell} cell
   */
  wordsAt({ box: { row }, line, column }) {
    const data = this.numbersOf(row)
    const place = placeOf(row, column)
    const when = placeWords(row, column, this.model.iterations)
    if (!isPicture(row)) {
      const values = data.map(({ array }, i) => `${row.series?.[i].name}: ${number(array[place])}`)
      return [`${row.label}, ${when}`, ...values]
    }
    const lines = [`${(line >= 0 && row.line_labels?.[line]) || row.label}, ${when}`]
    const { array, shape } = data[data.length - 1]
    const value = array[Math.max(0, line) * shape[1] + place]
    lines.push(Number.isFinite(value) ? `${row.value_label}: ${number(value)}` : "not recorded")
    const mark = (this.model.marks[row.id] || []).find(([at]) => at === line)
    if (mark) lines.push(MARK_WORDS[mark[1]])
    return lines
  }

  /**
   * @override
   * @param {Row} row
   */
  linesOf(row) {
    return isPicture(row) ? this.numbersOf(row)[0].shape[0] : super.linesOf(row)
  }

  /**
   * @override
   * @param {MouseEvent} event
   */
  click(event) {
    const place = this.place(event)
    const { box } = this.target(place)
    if (box && this.onEnlarge(box, place)) this.send({ type: "enlarge", row: box.row.id })
    else super.click(event)
  }

  /**
   * Enter unfolds the row that the arrow keys point at, space picks it, e enlarges it.
   *
   * @override
   * @param {KeyboardEvent} event
   */
  key(event) {
    /** @type {Record<string, string>} */
    const acts = { Enter: "toggle", " ": "select", e: "enlarge" }
    const type = acts[event.key]
    if (!type || !this.cursor) {
      super.key(event)
      return
    }
    event.preventDefault()
    event.stopPropagation()
    this.send({ type, row: this.cursor })
  }

  /** @override */
  get ariaLabel() {
    return this.model.description
  }

  /** @override */
  state() {
    const { total, sent, enlarged } = this.model
    return { ...super.state(), total, sent, enlarged, is_sent: this.isSent() }
  }

  /**
   * @override
   * @param {RowBox} box
   */
  rowState(box) {
    const row = /** @type {TreeRow} */ (box.row)
    const marks = this.model.marks[row.id] || []
    return {
      ...super.rowState(box),
      scale: [row.scale, row.low, row.high],
      enlarge: this.enlargeAt(box),
      indent: row.indent || 0,
      detail: row.detail || "",
      marks,
      row_marks: marks.map(([line]) => line),
    }
  }
}

/** @param {Row} row */
function isPicture({ kind }) {
  return kind === "pixels" || kind === "ridges"
}

/** @param {{ model: TreeChartModel, el: HTMLElement }} place */
export function render(place) {
  renderChart(TreeChart, place, ["marks", "total", "sent", "enlarged", "scroll_target"])
}
