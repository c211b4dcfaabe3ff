// A stack of rows over the time axis, all of them sent. A brush or zoom is drawn at once and sent
// as `event`; the server answers with the same columns.

/** @import { Painted, SheetModel } from "./chart_sheet.js" */
/** @import { Model } from "./component.js" */
/** @import { Context } from "./drawing.js" */
/** @import { Drawer } from "./row_drawers.js" */
/** @import { Row, RowBox } from "./rows.js" */
/** @import { Cell } from "./time_chart.js" */
import { AXIS_HEIGHT, GAP } from "./chart_sheet.js"
import { columnsAbout, columnsMoved } from "./column_window.js"
import { fitted } from "./drawing.js"
import { screenRoom } from "./full_screen.js"
import { Overview } from "./overview.js"
import { ROW_DRAWERS } from "./row_drawers.js"
import { rowWords } from "./row_words.js"
import { pale, theme, themed } from "./theme.js"
import { ticksOf } from "./ticks.js"
import { renderChart, TimeChart } from "./time_chart.js"

const FEWEST_COLUMNS = 4
// Pixels that the pointer must move to brush.
const BRUSH_REACH = 4
// Zoom per pixel of the wheel, and the most pixels that count per event.
const ZOOM = 0.0022
const MOST_TURNED = 240
// Milliseconds before a zoom is sent to the server, and until its answer must have arrived.
const SEND_AFTER = 90
const ANSWER_WITHIN = 1500

/**
 * @typedef {SheetModel & Model<{
 *   overview: number[], scroll_height: number, show_axis: boolean, can_brush: boolean,
 *   fills: boolean,
 * }>} RowChartModel
 */

/**
 * A chart of rows.
 *
 * @template {RowChartModel} [M=RowChartModel]
 * @extends {TimeChart<M>}
 */
export class RowChart extends TimeChart {
  /**
   * @param {M} model
   * @param {Painted} root
   */
  constructor(model, root) {
    super(model, root)
    /** @type {{ from: number, to: number } | null} */
    this.brush = null
    /**
     * Columns that the server has not answered yet.
     *
     * @type {{ first: number, last: number } | null}
     */
    this.pending = null
    /** Position at which the pointer was pressed. @type {number | null} */
    this.start = null
    this.brushed = false
    /** @type {string[]} */
    this.shownSelected = []
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.sending = undefined
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.answering = undefined
    this.most = 0
    /** @type {Overview | null} */
    this.overview = null
    if (model.can_brush) this.addBrush()
  }

  addBrush() {
    this.overview = new Overview(/** @type {RowChart} */ (/** @type {unknown} */ (this)))
    this.root.prepend(this.overview.canvas)
    this.canvas.addEventListener("pointerup", () => this.up())
    this.canvas.addEventListener("pointercancel", () => {
      this.start = this.brush = null
      this.scheduleDraw()
    })
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false })
  }

  /** @override */
  get first() {
    return this.pending ? this.pending.first : this.model.first
  }

  /** @override */
  get last() {
    return this.pending ? this.pending.last : this.model.last
  }

  get isWhole() {
    return this.first === 0 && this.last >= this.model.iterations.length - 1
  }

  /** @override */
  get footHeight() {
    return this.model.show_axis ? AXIS_HEIGHT : 0
  }

  /** Drawers of rows, by their kind. @returns {Record<string, Drawer>} */
  get drawers() {
    return ROW_DRAWERS
  }

  /**
   * Lay the rows out one below another.
   *
   * @override
   */
  layout() {
    const gaps = this.rows.reduce((sum, row) => sum + (row.gap ?? GAP), GAP)
    this.fit(gaps + this.rows.reduce((sum, row) => sum + row.height, 0), gaps)
    let top = GAP
    this.boxes = this.rows.map((row) => {
      const box = { row, top, height: row.height * this.stretch }
      top += box.height + (row.gap ?? GAP)
      return box
    })
    this.height = top
    this.room = Math.min(this.most || top, top)
  }

  /**
   * Compute the greatest visible height, and how far the rows grow.
   *
   * @param {number} whole pixels of rows and gaps
   * @param {number} [gaps] pixels of the gaps alone
   */
  fit(whole, gaps = 0) {
    const { scroll_height: scrolls, fills } = this.model
    const screen = fills ? screenRoom(this.scroll, this.footHeight) : 0
    this.most = scrolls && Math.max(scrolls, screen)
    this.grow(screen, whole, gaps)
  }

  /** @override */
  draw() {
    super.draw()
    if (!this.isDrawn) return
    this.root.style.minHeight = `${this.room + this.footHeight}px`
    if (this.overview) this.overview.draw(this.root.clientWidth)
  }

  /**
   * @override
   * @param {Context} context
   * @param {RowBox} box
   */
  drawRow(context, box) {
    const { row } = box
    this.drawers[row.kind]?.(context, this.axis, row, this.numbersOf(row), box, this.tables)
  }

  /**
   * @override
   * @param {Context} context
   * @param {number} top
   */
  drawOver(context, top) {
    if (!this.brush) return
    const low = Math.min(this.brush.from, this.brush.to)
    const high = Math.max(this.brush.from, this.brush.to)
    context.fillStyle = pale(theme.series[0], 0.16)
    context.strokeStyle = theme.series[0]
    context.lineWidth = 1
    context.fillRect(low, top, high - low, this.room)
    context.strokeRect(low + 0.5, top + 0.5, high - low, this.room - 1)
  }

  /**
   * @override
   * @param {RowBox} box
   */
  labelOffset({ height }) {
    return Math.min(height / 2, 12)
  }

  /**
   * Draw a detail under the label, and the legend of the lines.
   *
   * @override
   * @param {Context} context
   * @param {RowBox} box
   * @param {number} x
   * @param {number} y
   */
  drawLabelDetails(context, { row, height }, x, y) {
    const room = this.axis.left - x - 1 - (row.label_room || 8)
    context.textAlign = "left"
    context.fillStyle = theme.faint
    if (row.detail && height >= 26) context.fillText(fitted(context, row.detail, room), x, y + 14)
    for (const [place, series] of (row.legend || []).entries()) {
      const line = y + 14 + 13 * place
      context.fillStyle = themed(series.colour)
      context.fillRect(x, line - 1, 12, 2.5)
      context.fillStyle = theme.faint
      context.fillText(fitted(context, series.name, room - 18), x + 17, line)
    }
    return room
  }

  /**
   * @override
   * @param {Row} row
   */
  linesOf(row) {
    return row.kind === "image" ? this.numbersOf(row)[0].shape[0] : 0
  }

  /**
   * @override
   * @param {PointerEvent} event
   */
  down(event) {
    super.down(event)
    this.brushed = false
    const { x } = this.place(event)
    if (event.button || !this.model.can_brush || !this.axis.holds(x)) return
    this.start = x
    this.canvas.setPointerCapture(event.pointerId)
  }

  /**
   * @override
   * @param {PointerEvent} event
   */
  move(event) {
    const { x } = this.place(event)
    if (this.start === null || Math.abs(x - this.start) <= BRUSH_REACH) {
      super.move(event)
      return
    }
    this.brush = { from: this.start, to: Math.min(this.axis.end, Math.max(this.axis.left, x)) }
    this.scheduleDraw()
  }

  /** @override */
  leave() {
    if (!this.brush) super.leave()
  }

  up() {
    this.start = null
    if (!this.brush) return
    const ends = [this.brush.from, this.brush.to].map((x) => this.axis.column(x))
    const [first, last] = ends.sort((a, b) => a - b)
    this.brush = null
    this.brushed = true
    this.send({ type: "brush", first, last })
    this.scheduleDraw()
  }

  /**
   * Ignore the click that ends a brush.
   *
   * @override
   * @param {MouseEvent} event
   */
  click(event) {
    if (!this.brushed) super.click(event)
    this.brushed = false
  }

  /**
   * @override
   * @param {Cell} cell
   * @param {number} x
   */
  wordsAt(cell, x) {
    const pixel = (/** @type {number} */ column) => this.axis.centre(column)
    const { iterations } = this.model
    return rowWords(cell, this.numbersOf(cell.box.row), iterations, { x, pixel })
  }

  /**
   * Zoom about the pointer; with a sideways wheel, move the window.
   *
   * @param {WheelEvent} event
   */
  wheel(event) {
    const { axis } = this
    const { x } = this.place(event)
    if (!axis.holds(x)) return
    event.preventDefault()
    const most = this.model.iterations.length - 1
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      const step = Math.round((Math.sign(event.deltaX || event.deltaY) * axis.count) / 10) || 1
      const { first, last } = columnsMoved(this, step, most)
      this.zoomTo(first, last)
      return
    }
    const delta = event.deltaY || event.deltaX
    const turned = Math.max(-MOST_TURNED, Math.min(MOST_TURNED, delta))
    const wanted = Math.min(most + 1, Math.round(axis.count * Math.exp(turned * ZOOM)))
    const count = Math.max(Math.min(FEWEST_COLUMNS, most + 1), wanted)
    const pointer = { held: axis.column(x), share: (x - axis.left) / axis.span }
    const { first, last } = columnsAbout(count, pointer, most)
    this.zoomTo(first, last)
  }

  /**
   * Show other columns at once, and send them to the server, which answers with the same.
   *
   * @param {number} first
   * @param {number} last
   */
  zoomTo(first, last) {
    const most = this.model.iterations.length - 1
    this.pending = { first: Math.max(0, first), last: Math.min(most, last) }
    this.scheduleDraw()
    if (this.sending) return
    this.sending = setTimeout(() => {
      this.sending = undefined
      if (this.pending) this.send({ type: "brush", ...this.pending })
      clearTimeout(this.answering)
      this.answering = setTimeout(() => this.dropPending(), ANSWER_WITHIN)
    }, SEND_AFTER)
  }

  /** Show the server's columns again, if it did not answer. */
  dropPending() {
    if (this.sending) return
    this.pending = null
    this.scheduleDraw()
  }

  /**
   * Show the server's columns. An older answer does not undo a newer turn of the wheel.
   *
   * @override
   */
  onColumnsChanged() {
    const { pending, model } = this
    const isSame = pending?.first === model.first && pending?.last === model.last
    if (pending && (isSame || !this.sending)) this.pending = null
    this.scheduleDraw()
  }

  /**
   * Scroll to a row that was picked elsewhere on the page.
   *
   * @override
   */
  onSelected() {
    const before = this.shownSelected
    const fresh = this.model.selected.find((id) => !before.includes(id))
    this.shownSelected = [...this.model.selected]
    requestAnimationFrame(() => {
      this.draw()
      const box = this.boxes.find(({ row }) => row.id === fresh)
      if (!box) return
      const top = this.scrolled
      const isSeen = box.top >= top && box.top + box.height <= top + this.room
      if (!isSeen) this.scroll.scrollTop = box.top - this.room / 3
    })
  }

  /**
   * @override
   * @param {RowBox} box
   */
  rowState(box) {
    const { row, height } = box
    const scaled = row.kind === "lines" || row.kind === "curves"
    return {
      ...super.rowState(box),
      lines: this.numbersOf(row)[0]?.shape?.[0] ?? 0,
      ticks: scaled ? ticksOf(row, height).map(([, text]) => text) : [],
      series: (row.legend || []).map(({ name, colour }) => [name, colour]),
    }
  }
}

/** @param {{ model: RowChartModel, el: HTMLElement }} place */
export function render(place) {
  renderChart(RowChart, place)
}
