// Drawing of charts of rows over the time axis: a canvas the size of the visible part, the
// iterations below it, labels, the line under the pointer, picks.

/** @import { Model } from "./component.js" */
/** @import { Context } from "./drawing.js" */
/** @import { Numbers, Row, RowBox, Tables } from "./rows.js" */
import { make } from "./dom.js"
import { crisp, drawToggle, fitted } from "./drawing.js"
import { onFullScreen, reserve, stretched } from "./full_screen.js"
import { readout } from "./readout.js"
import { marksOf } from "./row_drawers.js"
import { tablesOf, unpacked } from "./rows.js"
import { FONT, onTheme, theme } from "./theme.js"
import { drawPicks, drawTimeLabels, TimeAxis } from "./time_axis.js"

// As in row_chart.py.
export const GAP = 4
export const AXIS_HEIGHT = 22

/**
 * The parameters of every chart of rows.
 *
 * @typedef {Model<{
 *   iterations: number[], first: number, last: number, rows: Row[], data: ArrayBuffer,
 *   palettes: Record<string, ArrayBuffer>, picked: number[], selected: string[],
 *   left: number, right: number, test_id: string, description: string,
 *   scroll_target?: { top: number, height: number, count?: number }, total?: number,
 * }>} SheetModel
 */

/**
 * An element whose chart can be drawn into a file.
 *
 * @typedef {HTMLElement & {
 *   dtSize?: () => { width: number, height: number },
 *   dtPaint?: (context: Context) => void,
 * }} Painted
 */

/**
 * A chart of rows. A subclass defines its height (`layout`) and how a row is drawn (`drawRow`).
 *
 * @template {SheetModel} M
 */
export class ChartSheet {
  /**
   * @param {M} model
   * @param {Painted} root
   */
  constructor(model, root) {
    this.model = model
    this.root = root
    this.canvas = make("canvas", { tabindex: 0, role: "img" })
    this.spacer = make("div")
    this.scroll = make("div", { class: "dt-scroll" }, this.canvas, this.spacer)
    this.foot = make("canvas", { "aria-hidden": "true" })
    this.cross = make("div", { class: "dt-cross", hidden: "" })
    this.announcement = make("div", { class: "dt-announce", role: "status" })
    root.append(this.scroll, this.foot, this.cross, this.announcement)
    this.readout = readout(root)
    /** @type {Row[]} */
    this.rows = []
    /** @type {RowBox[]} */
    this.boxes = []
    /** @type {Map<Row, Numbers[]>} */
    this.numbers = new Map()
    /** @type {Tables} */
    this.tables = {}
    /** @type {ArrayBuffer | undefined} */
    this.loaded = undefined
    /** @type {SheetModel["palettes"] | undefined} */
    this.palettes = undefined
    this.targetCount = 0
    /** The row that the keyboard's cursor is on. */
    this.cursor = ""
    this.loads = 0
    this.height = 0
    this.room = 0
    this.stretch = 1
    this.axis = new TimeAxis({ iterations: [], first: 0, last: 0 }, { left: 0, right: 0, width: 0 })
    this.isDrawn = false
    this.isWaiting = false
    this.observer = new ResizeObserver(() => this.scheduleDraw())
    this.observer.observe(this.root)
    const removers = this.listenToPage()
    this.remove = () => {
      this.observer.disconnect()
      for (const remove of removers) remove()
    }
    // The page's tools call these to draw the chart into a file.
    root.dtSize = () => ({ width: root.clientWidth, height: this.room + this.footHeight })
    root.dtPaint = (context) => this.paintWhole(context)
  }

  /** Listen to the page's events. Returns functions that remove the listeners. */
  listenToPage() {
    const hovered = (/** @type {any} */ event) => this.follow(event.detail.column)
    const respaced = () => this.scheduleDraw()
    document.addEventListener("dt-hover", hovered)
    document.addEventListener("dt-spacing", respaced)
    return [
      onTheme(respaced),
      onFullScreen(respaced),
      () => document.removeEventListener("dt-hover", hovered),
      () => document.removeEventListener("dt-spacing", respaced),
    ]
  }

  /** Draw once before the next frame, for any number of calls. */
  scheduleDraw() {
    if (this.isWaiting) return
    this.isWaiting = true
    requestAnimationFrame(() => {
      this.isWaiting = false
      this.draw()
    })
  }

  get first() {
    return this.model.first
  }

  get last() {
    return this.model.last
  }

  get scrolled() {
    return this.scroll.scrollTop
  }

  get footHeight() {
    return AXIS_HEIGHT
  }

  /** @param {RowBox} box */
  isVisible({ top, height }) {
    return top + height + 20 > this.scrolled && top - 20 < this.scrolled + this.room
  }

  /** @param {Row} row */
  numbersOf(row) {
    return /** @type {Numbers[]} */ (this.numbers.get(row))
  }

  /**
   * Load what the server sent. It arrives in several messages: those that belong together have the
   * same stamp. The chart stays unchanged until all have arrived.
   */
  load() {
    const { rows, data, palettes } = this.model
    if (this.rows === rows && this.loaded === data && this.palettes === palettes) return
    const buffer = new Uint8Array(data || new ArrayBuffer(0)).slice().buffer
    const stamp = buffer.byteLength >= 4 ? new Uint32Array(buffer, 0, 1)[0] : -1
    if (rows.some((row) => row.stamp !== stamp || (row.palette && !palettes[row.palette]))) return
    this.rows = rows
    this.loaded = data
    this.palettes = palettes
    this.loads += 1
    this.numbers = new Map(rows.map((row) => [row, unpacked(row, buffer)]))
    this.tables = tablesOf(palettes)
  }

  /** Set `boxes`, `height` of all rows, and `room`, the visible height. */
  layout() {}

  /**
   * In full screen a chart takes the available height. Its rows grow, the gaps do not.
   *
   * @param {number} screen pixels, 0 on a page
   * @param {number} whole pixels of rows and gaps
   * @param {number} [gaps] pixels of the gaps alone
   */
  grow(screen, whole, gaps = 0) {
    this.stretch = screen ? stretched(screen - gaps, whole - gaps) : 1
    const rows = Math.min(screen, gaps + (whole - gaps) * this.stretch)
    const taller = screen && rows + this.footHeight
    reserve(this.root, taller && taller + this.scroll.offsetTop)
  }

  draw() {
    const width = this.root.clientWidth
    if (!width) return
    const { model, first, last } = this
    const { iterations, left, right } = model
    this.load()
    this.layout()
    this.axis = new TimeAxis({ iterations, first, last }, { left, right, width })
    this.isDrawn = true
    this.scroll.style.height = `${this.room}px`
    this.spacer.style.height = `${Math.max(0, this.height - this.room)}px`
    this.paint(crisp(this.canvas, width, this.room))
    this.foot.style.display = this.footHeight ? "block" : "none"
    if (this.footHeight) {
      drawTimeLabels(crisp(this.foot, width, AXIS_HEIGHT), this.axis, AXIS_HEIGHT / 2)
    }
    this.report()
  }

  /**
   * Draw the visible part.
   *
   * @param {Context} context
   */
  paint(context) {
    const { model, axis, scrolled: top } = this
    const selected = new Set(model.selected)
    context.save()
    context.beginPath()
    context.rect(0, 0, axis.end + model.right, this.room)
    context.clip()
    context.translate(0, -top)
    for (const box of this.boxes.filter((b) => this.isVisible(b))) {
      this.drawLabel(context, box, selected.has(box.row.id), box.row.id === this.cursor)
      this.drawRow(context, box)
    }
    drawPicks(context, axis, model.picked, top, top + this.room)
    this.drawOver(context, top)
    context.restore()
  }

  /**
   * @param {Context} _context
   * @param {RowBox} _box
   */
  drawRow(_context, _box) {}

  /**
   * Draw over all rows.
   *
   * @param {Context} _context
   * @param {number} _top scrolled height above the visible part
   */
  drawOver(_context, _top) {}

  /**
   * Draw the chart and its foot, for a picture.
   *
   * @param {Context} context
   */
  paintWhole(context) {
    this.paint(context)
    if (!this.footHeight) return
    context.save()
    context.translate(0, this.room)
    drawTimeLabels(context, this.axis, AXIS_HEIGHT / 2)
    context.restore()
  }

  /**
   * @param {Context} context
   * @param {RowBox} box
   * @param {boolean} selected
   * @param {boolean} pointed
   */
  drawLabel(context, box, selected, pointed) {
    const { row, top, height } = box
    if (selected || pointed) {
      context.fillStyle = theme.soft
      context.fillRect(0, top - 2, this.axis.left - 2, height + 4)
    }
    if (pointed) {
      context.strokeStyle = theme.accent
      context.lineWidth = 1.5
      context.strokeRect(1, top - 1.5, this.axis.left - 4, height + 3)
    }
    const x = 8 + 12 * (row.indent || 0)
    const y = top + this.labelOffset(box)
    if (row.toggle) drawToggle(context, row.toggle === "open", x, y)
    const room = this.drawLabelDetails(context, box, x + 13, y)
    context.textAlign = "left"
    context.fillStyle = selected ? theme.accent : row.faint ? theme.faint : theme.ink
    context.font = row.strong || selected ? `600 ${FONT}` : FONT
    context.fillText(fitted(context, row.label || "", room), x + 13, y)
    context.font = FONT
  }

  /**
   * Distance of a row's label from its top.
   *
   * @param {RowBox} box
   */
  labelOffset({ height }) {
    return height / 2
  }

  /**
   * Draw details next to a row's label. Returns the width that is left for the label.
   *
   * @param {Context} _context
   * @param {RowBox} _box
   * @param {number} x
   * @param {number} _y
   */
  drawLabelDetails(_context, _box, x, _y) {
    return this.axis.left - x
  }

  /**
   * Show the line under the pointer of any chart.
   *
   * @param {number} column below 0 for none
   */
  follow(column) {
    if (!this.isDrawn) return
    this.cross.hidden = column < 0 || !this.axis.shows(column)
    if (this.cross.hidden) return
    this.cross.style.left = `${Math.round(this.axis.centre(column))}px`
    this.cross.style.top = `${this.scroll.offsetTop}px`
    this.cross.style.height = `${this.room}px`
  }

  /** Scroll to the server's target, if it is out of sight. */
  scrollToTarget() {
    const { scroll_target: target, total = 0 } = this.model
    if (!target?.count || target.count === this.targetCount) return
    // The message with its rows may not have arrived yet.
    if (target.top + target.height > total) return
    this.targetCount = target.count
    const top = target.top * this.stretch
    const height = target.height * this.stretch
    const above = this.scrolled > top - 8
    const below = this.scrolled + this.room < top + Math.min(height, this.room)
    if (above || below) this.scroll.scrollTop = Math.max(0, top - 60)
  }

  /** The chart's description for screen readers. */
  get ariaLabel() {
    const { description } = this.model
    return `${description} Arrow keys up and down move through the rows, Enter opens one.`
  }

  /** Record what is drawn, for tests and for assistive tools. */
  report() {
    this.root.dataset.testid = this.model.test_id
    this.canvas.setAttribute("aria-label", this.ariaLabel)
    this.root.dataset.state = JSON.stringify(this.state())
  }

  /** @returns {Record<string, unknown>} */
  state() {
    const { model, axis } = this
    return {
      left: axis.left,
      span: axis.span,
      first: this.first,
      last: this.last,
      spacing: axis.isTrue ? "true" : "ordinal",
      dark: theme.isDark,
      scrolled: this.scrolled,
      picked: model.picked,
      selected: model.selected,
      cursor: this.cursor,
      sent_bytes: model.data?.byteLength || 0,
      rows: this.boxes.map((box) => this.rowState(box)),
    }
  }

  /**
   * @param {RowBox} box
   * @returns {Record<string, unknown>}
   */
  rowState({ row, top, height }) {
    const column0 = row.column0 || 0
    const step = row.step || 1
    const counts = row.threshold ? this.numbersOf(row).at(-1)?.array || [] : []
    return {
      id: row.id,
      label: row.label,
      kind: row.kind,
      top,
      height,
      toggle: row.toggle || "",
      column0,
      step,
      triangles: marksOf(row, counts).map(([place, count]) => [column0 + place * step, count]),
    }
  }
}
