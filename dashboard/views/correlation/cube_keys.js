// Keyboard actions on the cube.

/** @import { Cube } from "./cube.js" */
/** @import { CubeActions } from "./cube_actions.js" */
/** @import { FaceName, Pair } from "./cube_geometry.js" */
import { cellWords } from "./cube_cells.js"
import { FACE_AXES, windowZoomed } from "./cube_geometry.js"

// Zoom factor of one key press.
const ZOOM = 0.6
/** @type {Record<string, Pair>} */
const STEPS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
/** The faces in the order of the key n. @type {FaceName[]} */
const ORDER = ["front", "top", "side"]

/** A cell that the keyboard is on. @typedef {{ name: FaceName, items: Pair }} Cursor */

export class CubeKeys {
  /**
   * @param {Cube} cube
   * @param {CubeActions} actions
   */
  constructor(cube, actions) {
    this.cube = cube
    this.actions = actions
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { cube } = this
    /** @type {Record<string, () => void>} */
    const acts = {
      Enter: () => this.pick(event.shiftKey),
      " ": () => this.pick(event.shiftKey),
      Escape: () => cube.send({ type: "clear", axis: "all" }),
      n: () => this.nextFace(),
      f: () => this.fold(),
      Home: () => cube.showWhole(),
      "+": () => this.zoom(ZOOM),
      "=": () => this.zoom(ZOOM),
      "-": () => this.zoom(1 / ZOOM),
      u: () => this.unfold(),
    }
    const step = STEPS[event.key]
    const act = step ? () => this.step(...step) : acts[event.key]
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  /** Remove the cursor when the canvas loses the focus. */
  leave() {
    const { cube } = this
    cube.cursor = null
    cube.readout.hide()
    cube.draw()
  }

  fold() {
    this.cube.turnTo(this.cube.wantedFlat > 0.5 ? 0 : 1)
    this.actions.sendFlat()
  }

  /** Give the cursor, and whether it is new: then it is on the front's first cell. */
  begin() {
    const { cube } = this
    const isNew = !cube.cursor
    const { class: classes, layer } = cube.windows
    cube.cursor ||= { name: "front", items: [classes.first, layer.first] }
    return { isNew, cursor: cube.cursor }
  }

  /**
   * @param {number} du
   * @param {number} dv
   */
  step(du, dv) {
    const { isNew, cursor } = this.begin()
    if (!isNew) {
      const { name, axes, ranges } = this.cube.cell(this.cube.cursorPlace(cursor))
      // On top, time runs upwards.
      const by = [du, name === "top" ? -dv : dv]
      /** @param {0 | 1} i */
      const stepped = (i) => {
        const { first, last } = ranges[i]
        const window = this.cube.windows[axes[i]]
        const item = by[i] > 0 ? last : by[i] < 0 ? first - 1 : first
        return Math.min(window.last - 1, Math.max(window.first, item))
      }
      cursor.items = [stepped(0), stepped(1)]
    }
    this.announce()
  }

  nextFace() {
    const { isNew, cursor } = this.begin()
    if (!isNew) {
      const name = ORDER[(ORDER.indexOf(cursor.name) + 1) % 3]
      const [u, v] = FACE_AXES[name].map((axis) => this.cube.windows[axis].first)
      this.cube.cursor = { name, items: [u, v] }
    }
    this.announce()
  }

  /** Show the values of the cell under the cursor, and announce them to screen readers. */
  announce() {
    const { cube } = this
    const cell = cube.cursorCell()
    if (!cell) return
    const lines = cellWords(cell, cube.model.items)
    const [x, y] = cube.corners(cell)[2]
    cube.draw()
    cube.readout.show(lines, x, y)
    cube.spoken.textContent = `${cell.name} face: ${lines.join(". ")}`
  }

  /** @param {boolean} shift */
  pick(shift) {
    const { isNew, cursor } = this.begin()
    if (isNew) this.announce()
    else this.actions.pick(this.cube.cell(this.cube.cursorPlace(cursor)), shift)
  }

  unfold() {
    const { isNew, cursor } = this.begin()
    if (isNew) {
      this.announce()
      return
    }
    const axes = FACE_AXES[cursor.name]
    const i = axes[1] === "layer" ? 1 : 0
    this.actions.unfold({ axis: axes[i], item: cursor.items[i] })
  }

  /** @param {number} factor */
  zoom(factor) {
    const { cursor } = this.begin()
    const { cube } = this
    for (const [i, axis] of FACE_AXES[cursor.name].entries()) {
      const { u, v } = cube.cursorPlace(cursor)
      const at = this.actions.itemShare(axis, [u, v][i])
      this.actions.show(axis, windowZoomed(cube.windows[axis], factor, at, cube.length(axis)))
    }
    this.announce()
  }
}
