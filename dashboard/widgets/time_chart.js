// Mouse and keyboard on a chart of rows over the time axis: point, click, move through its rows.

/** @import { Painted, SheetModel } from "./chart_sheet.js" */
/** @import { RowBox } from "./rows.js" */
import { ChartSheet, GAP } from "./chart_sheet.js"
import { CHART_STYLE } from "./chart_style.js"
import { make } from "./dom.js"

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ row: string, line: number, column: number, box?: RowBox }} Target */
/** @typedef {{ box: RowBox, line: number, column: number }} Cell */

// Clicks within this many milliseconds are one double click.
const DOUBLE_CLICK = 500

/**
 * The row at a height of the sheet, with the gap under it.
 *
 * @param {RowBox[]} boxes
 * @param {number} y
 */
export function boxAt(boxes, y) {
  return boxes.find((b) => y >= b.top - 2 && y < b.top + b.height + (b.row.gap ?? GAP))
}

/**
 * The line of a picture at a height of the sheet; -1 if it has no lines.
 *
 * @param {{ top: number, height: number }} box
 * @param {number} lines
 * @param {number} y
 */
export function lineAt({ top, height }, lines, y) {
  if (!lines) return -1
  return Math.min(lines - 1, Math.max(0, Math.floor(((y - top) * lines) / height)))
}

/**
 * A chart with mouse and keyboard. A subclass describes a position in words (`wordsAt`).
 *
 * @template {SheetModel} M
 * @extends {ChartSheet<M>}
 */
export class TimeChart extends ChartSheet {
  /**
   * @param {M} model
   * @param {Painted} root
   */
  constructor(model, root) {
    super(model, root)
    this.count = 0
    /** @type {number[]} */
    this.before = []
    this.downAt = Number.NEGATIVE_INFINITY
    this.listen()
  }

  listen() {
    /** @param {string} name @param {(event: any) => void} act */
    const on = (name, act) => this.canvas.addEventListener(name, act)
    on("pointerdown", (event) => this.down(event))
    on("pointermove", (event) => this.move(event))
    on("pointerleave", () => this.leave())
    on("click", (event) => this.click(event))
    on("dblclick", (event) => {
      const place = this.place(event)
      if (!this.axis.holds(place.x)) return
      this.send({ type: "reset", ...this.target(place), before: this.before })
    })
    on("keydown", (event) => this.key(event))
    on("blur", () => {
      this.cursor = ""
      this.scheduleDraw()
    })
    this.scroll.addEventListener("scroll", () => {
      this.readout.hide()
      this.scheduleDraw()
    })
  }

  /**
   * The pointer's position on the sheet.
   *
   * @param {MouseEvent} event
   * @returns {Point}
   */
  place(event) {
    const bounds = this.canvas.getBoundingClientRect()
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top + this.scrolled }
  }

  /**
   * The row, line and column under a place.
   *
   * @param {Point} place
   * @returns {Target}
   */
  target({ x, y }) {
    const column = this.axis.column(x)
    const box = boxAt(this.boxes, y)
    if (!box) return { row: "", line: -1, column }
    return { row: box.row.id, line: lineAt(box, this.linesOf(box.row), y), column, box }
  }

  /**
   * Number of lines of a row that can be pointed at.
   *
   * @param {RowBox["row"]} _row
   */
  linesOf(_row) {
    return 0
  }

  /**
   * Describe a position of the chart, line by line.
   *
   * @param {Cell} _cell
   * @param {number} _x
   * @returns {string[]}
   */
  wordsAt(_cell, _x) {
    return []
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button) return
    // A double click starts with a click: keep the picks before it, to restore them.
    if (event.timeStamp - this.downAt > DOUBLE_CLICK) this.before = [...this.model.picked]
    this.downAt = event.timeStamp
  }

  /** @param {PointerEvent} event */
  move(event) {
    this.hover(this.place(event))
  }

  leave() {
    this.readout.hide()
    document.dispatchEvent(new CustomEvent("dt-hover", { detail: { column: -1 } }))
  }

  /** @param {Point} place */
  hover(place) {
    const { box, line, column } = this.target(place)
    const overChart = this.axis.holds(place.x)
    this.canvas.style.cursor = overChart ? "crosshair" : "pointer"
    const detail = { column: overChart ? column : -1 }
    document.dispatchEvent(new CustomEvent("dt-hover", { detail }))
    if (box && overChart) this.show(this.wordsAt({ box, line, column }, place.x), place)
    else if (box?.row.title) this.show(box.row.title.split("\n"), place)
    else this.readout.hide()
  }

  /**
   * Show lines next to a place.
   *
   * @param {string[]} lines
   * @param {Point} place
   */
  show(lines, { x, y }) {
    const bounds = this.root.getBoundingClientRect()
    const own = this.canvas.getBoundingClientRect()
    this.readout.show(lines, x, y - this.scrolled + own.top - bounds.top)
  }

  /** @param {MouseEvent} event */
  click(event) {
    const place = this.place(event)
    const target = this.target(place)
    const { box } = target
    const shift = event.shiftKey
    const onLabel = place.x < this.axis.left
    const onToggle = box?.row.toggle && place.x < 24 + 12 * (box.row.indent || 0)
    if (box && onLabel && onToggle) this.send({ type: "toggle", ...target })
    else if (box && onLabel) this.send({ type: "label", ...target, shift })
    else if (this.axis.holds(place.x)) this.send({ type: "pick", ...target, shift })
  }

  /**
   * Up and down move through the rows, Enter acts on one.
   *
   * @param {KeyboardEvent} event
   */
  key(event) {
    const step = /** @type {Record<string, number>} */ ({ ArrowUp: -1, ArrowDown: 1 })[event.key]
    const { boxes } = this
    if (step && boxes.length) {
      event.preventDefault()
      const at = boxes.findIndex(({ row }) => row.id === this.cursor)
      const inSight = Math.max(
        0,
        boxes.findIndex(({ top }) => top >= this.scrolled - 1),
      )
      this.focusRow(boxes[at < 0 ? inSight : Math.min(boxes.length - 1, Math.max(0, at + step))])
    } else if (event.key === "Enter" && this.cursor) {
      event.preventDefault()
      const target = { row: this.cursor, line: -1, column: this.first }
      this.send({ type: "label", ...target, shift: event.shiftKey })
    } else if (event.key === "Escape") {
      this.cursor = ""
      this.scheduleDraw()
    }
  }

  /**
   * Move the keyboard cursor to a row, scroll to it, and announce it.
   *
   * @param {RowBox} box
   */
  focusRow(box) {
    const { row, top } = box
    this.cursor = row.id
    const end = top + Math.min(box.height, this.room)
    if (top < this.scrolled) this.scroll.scrollTop = top - GAP
    else if (end > this.scrolled + this.room) this.scroll.scrollTop = end - this.room + GAP
    const column = this.model.picked.at(-1)
    const folded = row.toggle ? { open: "unfolded", closed: "folded" }[row.toggle] : ""
    const line = this.linesOf(row) ? 0 : -1
    const words =
      column === undefined
        ? [row.title || row.label]
        : this.wordsAt({ box, line, column }, this.axis.centre(column))
    this.announcement.textContent = [folded, ...words].filter(Boolean).join("; ")
    this.scheduleDraw()
  }

  /** A row was picked elsewhere on the page. */
  onSelected() {
    this.scheduleDraw()
  }

  /** The shown columns have changed. */
  onColumnsChanged() {
    this.scheduleDraw()
  }

  /** @param {Record<string, unknown> & { box?: RowBox }} event */
  send({ box: _, ...plain }) {
    this.count += 1
    this.model.event = { ...plain, count: this.count }
  }
}

/**
 * Put a chart into an element, and redraw it when its parameters change.
 *
 * @template {SheetModel} M
 * @param {new (model: M, root: HTMLElement) => TimeChart<M>} Chart
 * @param {{ model: M, el: HTMLElement }} place
 * @param {string[]} [watched] further parameters, beyond those of every chart
 */
export function renderChart(Chart, { model, el }, watched = []) {
  const root = make("div", { class: "dt-root" })
  el.append(make("style", {}, CHART_STYLE), root)
  const chart = new Chart(model, root)
  const all = ["rows", "data", "picked", "iterations", "palettes", ...watched]
  model.on(all, () => chart.scheduleDraw())
  model.on("selected", () => chart.onSelected())
  model.on(["first", "last"], () => chart.onColumnsChanged())
  model.on("remove", () => chart.remove())
  chart.scheduleDraw()
}
