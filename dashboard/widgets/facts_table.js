// A table with sortable columns: numbers by size, names by their words and numbers.

/** @import { Model } from "./component.js" */
import { focusedData, make } from "./dom.js"
import { contentOf, written } from "./fact_cells.js"
import { FACTS_STYLE } from "./facts_style.js"
import { sortedPlaces } from "./sorting.js"

/** @typedef {{ title: string, kind: import("./fact_cells.js").Kind }} Column */

/**
 * @typedef {Model<{
 *   columns: Column[], rows: unknown[][], room: number, clickable: boolean, test_id: string,
 *   description: string,
 * }>} FactsModel
 */

class FactsTable {
  /**
   * @param {FactsModel} model
   * @param {HTMLElement} root
   */
  constructor(model, root) {
    this.model = model
    this.root = root
    this.sorted = { column: -1, sign: 1 }
    this.count = 0
  }

  order() {
    return sortedPlaces(this.model.rows, this.sorted)
  }

  draw() {
    const { model, root } = this
    const focused = focusedData(root, "focus")
    const table = make("table", {}, this.head(), this.body())
    table.className = model.columns.some(({ kind }) => kind === "curve") ? "even" : ""
    const room = make(
      "div",
      { class: "dt-room", tabindex: 0, role: "region", "aria-label": model.description },
      table,
    )
    // In full screen, tables share the available height.
    if (model.room) room.style.maxHeight = `max(${model.room}px, calc(var(--dt-room, 0px) * 0.55))`
    root.replaceChildren(room)
    /** @type {HTMLElement | null} */
    const successor = focused ? root.querySelector(`[data-focus="${focused}"]`) : null
    successor?.focus()
    root.dataset.testid = model.test_id
    root.dataset.state = JSON.stringify({ rows: this.order().map((place) => model.rows[place]) })
  }

  head() {
    const cells = this.model.columns.map(({ title, kind }, column) => {
      const button = make(
        "button",
        {
          title: `Sort by ${title}`,
          "data-focus": `title-${column}`,
          onclick: () => this.sortBy(column),
        },
        title,
      )
      const cell = make("th", { class: kind === "number" ? kind : "", scope: "col" }, button)
      if (this.sorted.column === column) {
        cell.setAttribute("aria-sort", this.sorted.sign > 0 ? "ascending" : "descending")
      }
      return cell
    })
    return make("thead", {}, make("tr", {}, ...cells))
  }

  /** @param {number} column */
  sortBy(column) {
    const { kind } = this.model.columns[column]
    // Sort numbers with the largest first: that one is usually wanted.
    const first = kind === "number" || kind === "severities" ? -1 : 1
    this.sorted = { column, sign: this.sorted.column === column ? -this.sorted.sign : first }
    this.draw()
  }

  body() {
    return make("tbody", {}, ...this.order().map((place) => this.line(place)))
  }

  /** @param {number} place */
  line(place) {
    const { columns, rows, clickable } = this.model
    const cells = rows[place].map((value, column) => {
      const { kind } = columns[column]
      const isLong = column === rows[place].length - 1 && rows[place].length < columns.length
      const content = isLong ? written(value) : contentOf(kind, value)
      const cell = make("td", { class: isLong || kind === "severity" ? "" : kind }, content)
      if (isLong) cell.colSpan = columns.length - column
      return cell
    })
    const row = make("tr", {}, ...cells)
    if (clickable) this.makeClickable(row, place)
    return row
  }

  /**
   * Make a row that can be clicked.
   *
   * @param {HTMLTableRowElement} row
   * @param {number} place
   */
  makeClickable(row, place) {
    const go = () => {
      this.count += 1
      this.model.event = { row: place, count: this.count }
    }
    row.className = "clickable"
    row.tabIndex = 0
    row.dataset.focus = `row-${place}`
    row.addEventListener("click", go)
    row.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return
      event.preventDefault()
      go()
    })
  }
}

/** @param {{ model: FactsModel, el: HTMLElement }} place */
export function render({ model, el }) {
  const root = make("div")
  el.append(make("style", {}, FACTS_STYLE), root)
  const table = new FactsTable(model, root)
  model.on(["columns", "rows"], () => table.draw())
  table.draw()
}
