// Images as tiles that can be reached by keyboard.

/** @import { Model } from "../../widgets/component.js" */
import { focusedData, make } from "../../widgets/dom.js"
import { onTheme } from "../../widgets/theme.js"
import { GRID_STYLE } from "./grid_style.js"
import { historyCanvas, pictureCanvas } from "./tile_pictures.js"

/** @typedef {{ id: string, title: string, caption: string, state: "right" | "wrong" | "" }} Tile */

/**
 * @typedef {Model<{
 *   tiles: Tile[], shape: [y: number, x: number, channels: number] | [], data: ArrayBuffer,
 *   columns: number, histories: ArrayBuffer, selected: string[], layout: "grid" | "list",
 *   test_id: string, description: string,
 * }>} GridModel
 */

// Letters that always fit a line of a tile.
const UNBROKEN = 15

/**
 * A title that may break between an image's name and its class, but not within a short name.
 *
 * @param {string} title
 */
export function unbroken(title) {
  const parts = title.split(" · ")
  const kept = parts.map((part) => (part.length > UNBROKEN ? part : part.replaceAll(" ", "\u00a0")))
  return kept.join(" · ")
}

class ImageGrid {
  /**
   * @param {GridModel} model
   * @param {HTMLElement} root
   */
  constructor(model, root) {
    this.model = model
    this.root = root
    this.count = 0
    this.isWaiting = false
    this.end = onTheme(() => this.scheduleDraw())
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

  draw() {
    const { model, root } = this
    const focused = focusedData(root, "id")
    const selected = new Set(model.selected)
    const items = model.tiles.map((tile, place) =>
      make("li", {}, this.button(tile, place, selected.has(tile.id))),
    )
    const look = { class: `dt-tiles ${model.layout}`, "aria-label": model.description }
    const list = make("ul", look, ...items)
    root.replaceChildren(list)
    /** @type {HTMLElement | null} */
    const successor = focused ? list.querySelector(`[data-id="${CSS.escape(focused)}"]`) : null
    successor?.focus()
    this.report()
  }

  /**
   * @param {Tile} tile
   * @param {number} place
   * @param {boolean} isPressed
   */
  button(tile, place, isPressed) {
    const { id, title, caption, state } = tile
    const outcome = state && `${state} at the picked iteration`
    const button = make("button", {
      type: "button",
      "data-id": id,
      title,
      "aria-pressed": String(isPressed),
      "aria-label": [title, caption, outcome].filter(Boolean).join(", "),
      onclick: () => {
        this.count += 1
        this.model.event = { id, count: this.count }
      },
    })
    button.append(this.picture(place), ...this.words(tile))
    if (this.model.columns) button.append(this.history(place))
    return button
  }

  /**
   * The title and the caption; in a list they are next to the picture.
   *
   * @param {Tile} tile
   */
  words({ title, caption, state }) {
    const dots = state ? [make("span", { class: `dt-dot ${state}` })] : []
    const words = [
      make("span", { class: "dt-title" }, unbroken(title)),
      make("span", { class: "dt-caption" }, ...dots, caption),
    ]
    return this.model.layout === "list" ? [make("span", {}, ...words)] : words
  }

  /** @param {number} place */
  picture(place) {
    const { shape, data, layout } = this.model
    if (!shape.length) {
      return make("span", { class: "dt-picture dt-none" }, layout === "grid" ? "no picture" : "")
    }
    const bytes = new Uint8Array(data)
    const canvas = pictureCanvas(bytes, shape, place, layout)
    return make("span", { class: "dt-picture" }, canvas)
  }

  /** @param {number} place */
  history(place) {
    const { columns, histories } = this.model
    const levels = new Uint8Array(histories).subarray(place * columns, (place + 1) * columns)
    return historyCanvas(levels, columns)
  }

  /** Record what is shown, for tests. */
  report() {
    const { model, root } = this
    const tiles = model.tiles.map(({ id, caption, state }) => ({ id, caption, state }))
    root.dataset.testid = model.test_id
    root.dataset.state = JSON.stringify({ tiles, selected: model.selected })
  }
}

/** @param {{ model: GridModel, el: HTMLElement }} place */
export function render({ model, el }) {
  const root = make("div")
  el.append(make("style", {}, GRID_STYLE), root)
  const grid = new ImageGrid(model, root)
  model.on(["tiles", "data", "histories", "selected", "layout"], () => grid.scheduleDraw())
  model.on("remove", () => grid.end())
  grid.scheduleDraw()
}
