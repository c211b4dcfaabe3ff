// A long list of rows over the time axis: the server sends rows as they are needed.

/** @import { SheetModel } from "./chart_sheet.js" */
/** @import { Model } from "./component.js" */
/** @import { Context } from "./drawing.js" */
/** @import { Numbers, Row, RowBox } from "./rows.js" */
/** @import { Cell } from "./time_chart.js" */
import { AXIS_HEIGHT } from "./chart_sheet.js"
import { Track } from "./column_track.js"
import { fitted, strokeThrough } from "./drawing.js"
import { screenRoom } from "./full_screen.js"
import { listWords } from "./list_words.js"
import { MISSING, NO_PREDICTION, RIGHT, shade } from "./outcome_levels.js"
import {
  drawEdge,
  drawLevel,
  drawTriangles,
  picture,
  tableOf,
  tracePointer,
} from "./row_drawers.js"
import { lengthOf } from "./rows.js"
import { theme } from "./theme.js"
import { number } from "./ticks.js"
import { renderChart, TimeChart } from "./time_chart.js"

const LABEL_PITCH = 13
const ROOM = [420, 1400]
const ROOM_SHARE = 0.62
// The width is reported in these steps, so that a small change requests nothing.
const ROUND = 256
const MOST_PIXELS = 4096
// Milliseconds before rows are requested: if rows are missing, and after scrolling.
const REQUEST_SOON = 50
const REQUEST_LATER = 200

/**
 * A row of a list: a class with its counts, or images one below another.
 *
 * @typedef {Row & {
 *   top: number, line_labels: string[], scale_top: number, own_class: number, size: number,
 *   picture_height?: number, counts_top?: number, members?: number[],
 * }} ListRow
 */

/**
 * @typedef {SheetModel & Model<{
 *   total: number, pixels: number, room: number, cover: [number, number], opened: number[],
 *   entries: number, sight: { top: number, count?: number },
 * }>} RowListModel
 */

/**
 * The level of the palette for a number of a row, by the kind of row.
 *
 * @type {Record<string, (value: number, row: ListRow) => number>}
 */
const LEVELS = {
  heat: (value, row) => shade(value, row.scale_top),
  outcome: (level) => level,
  // Only wrong classes have different colours.
  label: (value, row) => {
    if (value === NO_PREDICTION) return MISSING
    return value === row.own_class ? RIGHT : value % RIGHT
  },
  amount: (value, row) => shade(value, row.scale_top),
}
/** @type {Record<string, string>} */
const PALETTE = { heat: "blues", outcome: "outcome", label: "classes", amount: "blues" }

/** @extends {TimeChart<RowListModel>} */
class RowList extends TimeChart {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  requesting = undefined
  /** Whether the requested rows are missing in sight. */
  isUrgent = false
  requestCount = 0

  /**
   * Adapt to the window: a taller one shows more rows, a wider one more columns.
   *
   * @override
   */
  layout() {
    const { model } = this
    const wide = this.root.clientWidth - model.left - model.right
    const steps = Math.max(1, Math.ceil((wide * (window.devicePixelRatio || 1)) / ROUND))
    const pixels = Math.min(MOST_PIXELS, ROUND * steps)
    if (pixels !== model.pixels) model.pixels = pixels
    const screen = screenRoom(this.root, AXIS_HEIGHT)
    const share = Math.max(ROOM[0], window.innerHeight * ROOM_SHARE)
    const room = screen || Math.round(Math.min(ROOM[1], share))
    if (room !== model.room) model.room = room
    this.grow(screen, model.total)
    this.height = model.total * this.stretch
    this.room = Math.min(room, this.height)
    this.boxes = /** @type {ListRow[]} */ (this.rows).map((row) => ({
      row,
      top: row.top * this.stretch,
      height: row.height * this.stretch,
    }))
  }

  /** @override */
  draw() {
    super.draw()
    if (!this.isDrawn) return
    this.scrollToTarget()
    this.requestRows()
  }

  /** Report the visible part to the server. */
  requestRows() {
    const { model } = this
    const top = this.scrolled
    const margin = model.room / 2
    const [low, high] = model.cover
    const isShort =
      (low > 0 && top - low < margin) || (high < model.total && high - top - model.room < margin)
    if (!isShort && top === model.sight.top) return
    if (this.requesting && (this.isUrgent || !isShort)) return
    clearTimeout(this.requesting)
    this.isUrgent = isShort
    this.requesting = setTimeout(
      () => {
        this.requesting = undefined
        this.requestCount += 1
        model.sight = { top: this.scrolled, count: this.requestCount }
      },
      isShort ? REQUEST_SOON : REQUEST_LATER,
    )
  }

  /**
   * @override
   * @param {Context} context
   * @param {RowBox} box
   */
  drawRow(context, box) {
    const { top, height } = box
    const row = /** @type {ListRow} */ (box.row)
    const [main, counts] = this.numbersOf(row)
    const { axis } = this
    const deep = (row.picture_height || row.height) * this.stretch
    const table = tableOf(this.tables, PALETTE[row.kind])
    const drawn = picture(row, main, table, (value) => LEVELS[row.kind](value, row))
    context.imageSmoothingEnabled = false
    new Track(axis, row, lengthOf(main.shape)).blit(context, drawn, { top, height: deep })
    if (row.kind === "heat") drawEdge(context, axis, { top, height: deep })
    if (counts) drawTriangles(context, axis, row, counts.array, top + deep)
    if (row.counts_top) {
      const under = { top: top + deep + 9, height: height - deep - 9 }
      this.drawCounts(context, row, counts.array, under)
    }
    if (row.members) this.drawOpened(context, row.members, box)
  }

  /**
   * Draw faint lines in place of rows that have not arrived yet.
   *
   * @override
   * @param {Context} context
   * @param {number} top
   */
  drawOver(context, top) {
    const [low, high] = this.model.cover
    context.fillStyle = theme.grid
    for (let y = top; y < top + this.room; y += 20) {
      const place = y / this.stretch
      if (place < low - 20 || place > high) {
        context.fillRect(this.axis.left, y, this.axis.span, 12)
      }
    }
  }

  /**
   * Draw anomalous images as a curve.
   *
   * @param {Context} context
   * @param {ListRow} row
   * @param {Numbers["array"]} counts
   * @param {{ top: number, height: number }} box
   */
  drawCounts(context, row, counts, { top, height }) {
    const { axis } = this
    const most = row.counts_top || 0
    const track = new Track(axis, row, counts.length)
    context.strokeStyle = theme.line
    context.lineWidth = 1
    drawLevel(context, axis, Math.round(top + height) + 0.5)
    context.strokeStyle = theme.series[1]
    context.lineWidth = 1.3
    const points = []
    for (let place = track.from; place <= track.to; place += 1) {
      const y = top + height - (height * counts[place]) / Math.max(1, most)
      points.push([track.centre(place), y])
    }
    strokeThrough(context, points)
    context.fillStyle = theme.faint
    context.textAlign = "right"
    context.fillText(number(most), axis.left - 8, top + 4)
  }

  /**
   * Frame the opened image's line.
   *
   * @param {Context} context
   * @param {number[]} members
   * @param {{ top: number, height: number }} box
   */
  drawOpened(context, members, { top, height }) {
    const { axis } = this
    const thick = height / members.length
    for (const [line, member] of members.entries()) {
      if (!this.model.opened.includes(member)) continue
      context.strokeStyle = context.fillStyle = theme.pick
      context.lineWidth = 1.5
      context.strokeRect(axis.left - 1, top + line * thick - 1, axis.span + 2, thick + 2)
      tracePointer(context, axis.left - 3, top + (line + 0.5) * thick)
      context.fill()
    }
  }

  /**
   * @override
   * @param {RowBox} box
   */
  labelOffset({ row, height }) {
    const { picture_height: deep } = /** @type {ListRow} */ (row)
    return deep ? (deep * this.stretch) / 2 : Math.min(height / 2, 8)
  }

  /**
   * Draw a detail at the end of the label, and notes under it.
   *
   * @override
   * @param {Context} context
   * @param {RowBox} box
   * @param {number} x
   * @param {number} y
   */
  drawLabelDetails(context, { row }, x, y) {
    const end = this.axis.left - 8
    context.fillStyle = theme.faint
    context.textAlign = "right"
    const detail = row.detail || ""
    context.fillText(detail, end, y)
    context.textAlign = "left"
    for (const [i, note] of (row.notes || []).entries()) {
      context.fillText(fitted(context, note, end - x), x, y + LABEL_PITCH * (i + 1))
    }
    return end - x - (detail ? context.measureText(detail).width + 8 : 0)
  }

  /**
   * @override
   * @param {Row} row
   */
  linesOf(row) {
    return /** @type {ListRow} */ (row).members?.length || 0
  }

  /**
   * @override
   * @param {Cell} cell
   */
  wordsAt(cell) {
    const row = /** @type {ListRow} */ (cell.box.row)
    return listWords({ ...cell, row }, this.numbersOf(row), this.model.iterations)
  }

  /** @override */
  state() {
    const { opened, total, entries, cover } = this.model
    const { room, loads } = this
    return { ...super.state(), opened, total, entries, cover, room, loads }
  }

  /**
   * @override
   * @param {RowBox} box
   */
  rowState(box) {
    const members = /** @type {ListRow} */ (box.row).members || []
    return { ...super.rowState(box), lines: members.length, members }
  }
}

/** @param {{ model: RowListModel, el: HTMLElement }} place */
export function render(place) {
  renderChart(RowList, place, ["total", "opened", "scroll_target"])
}
