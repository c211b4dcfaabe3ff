// Mouse actions on the cube: point, click, turn, scroll, zoom.

/** @import { Cube } from "./cube.js" */
/** @import { Cell } from "./cube_cells.js" */
/** @import { AxisName, FaceName, ItemWindow, Point } from "./cube_geometry.js" */
/** @import { Target } from "./cube_targets.js" */
import { cellWords, named } from "./cube_cells.js"
import { FACE_AXES, placeUnder, windowMoved, windowZoomed } from "./cube_geometry.js"
import { CubeKeys } from "./cube_keys.js"
import { targetAt } from "./cube_targets.js"

const CLICK_REACH = 4
// Milliseconds before a change is sent to the server.
const SEND_AFTER = 140
// Wheel events within this many milliseconds are one gesture.
const ONE_GESTURE = 400
// Pixels of a drag that unfolds the cube completely.
const WHOLE_TURN = 320
const WHEEL_ZOOM = 1.0018
const CURSORS = { face: "crosshair", label: "pointer", bar: "grab", nothing: "move" }

/**
 * A drag: where it began, on what, and how the cube stood.
 *
 * @typedef {Point & {
 *   target: Target, windows: Record<AxisName, ItemWindow>, flat: number, moved: boolean
 * }} Drag
 */

export class CubeActions {
  /** @param {Cube} cube */
  constructor(cube) {
    this.cube = cube
    this.keys = new CubeKeys(cube, this)
    /** @type {Drag | null} */
    this.drag = null
    this.wheeled = Number.NEGATIVE_INFINITY
    /**
     * Events that are about to be sent.
     *
     * @type {Record<string, ReturnType<typeof setTimeout>>}
     */
    this.timers = {}
    /** @param {string} name @param {(event: any) => void} act @param {object} [options] */
    const on = (name, act, options) => cube.canvas.addEventListener(name, act, options)
    on("pointerdown", (event) => this.down(event))
    on("pointermove", (event) => this.move(event))
    on("pointerup", (event) => this.up(event))
    on("pointercancel", () => {
      this.drag = null
    })
    on("pointerleave", () => {
      if (!this.drag) cube.readout.hide()
    })
    on("wheel", (event) => this.wheel(event), { passive: false })
    on("dblclick", (event) => this.double(event))
    on("keydown", (event) => this.keys.press(event))
    on("blur", () => this.keys.leave())
  }

  /** @param {MouseEvent} event */
  place(event) {
    const bounds = this.cube.canvas.getBoundingClientRect()
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top }
  }

  /**
   * @param {Point} place
   * @returns {Target}
   */
  under(place) {
    return this.cube.isDrawn ? targetAt(place, this.cube) : { kind: "nothing" }
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button) return
    const place = this.place(event)
    const target = this.under(place)
    const { windows, flat } = this.cube
    this.drag = { ...place, target, windows: structuredClone(windows), flat, moved: false }
    this.cube.canvas.setPointerCapture(event.pointerId)
  }

  /** @param {PointerEvent} event */
  move(event) {
    const place = this.place(event)
    const { drag } = this
    if (!drag) {
      this.hover(place)
      return
    }
    const dx = place.x - drag.x
    const dy = place.y - drag.y
    if (!drag.moved && Math.hypot(dx, dy) < CLICK_REACH) return
    drag.moved = true
    this.cube.readout.hide()
    const { target } = drag
    if (target.kind === "bar") this.slide(drag, target.axis, dx, dy)
    else if (target.kind === "face" && this.canScroll(target.name)) {
      this.scroll(drag, target.name, place)
    } else this.turn(drag, dx + dy)
  }

  /** @param {FaceName} name */
  canScroll(name) {
    return FACE_AXES[name].some((axis) => this.cube.zoomed.includes(axis))
  }

  /**
   * Dragging right or down unfolds the cube flat; dragging left or up folds it back.
   *
   * @param {Drag} drag
   * @param {number} by
   */
  turn(drag, by) {
    this.cube.canvas.style.cursor = "grabbing"
    this.cube.turnBy(Math.min(1, Math.max(0, drag.flat + by / WHOLE_TURN)))
  }

  /** Send how flat the cube is. */
  sendFlat() {
    const value = Math.round(100 * this.cube.wantedFlat)
    if (value !== this.cube.model.flat) this.cube.send({ type: "flat", value })
  }

  /**
   * Scroll the axes of a dragged face; neighbouring faces share them.
   *
   * @param {Drag} drag
   * @param {FaceName} name
   * @param {Point} place
   */
  scroll(drag, name, place) {
    const { cube } = this
    const matrix = cube.geometry.faces[name]
    const from = placeUnder(matrix, drag.x, drag.y)
    const to = placeUnder(matrix, place.x, place.y)
    for (const [i, axis] of FACE_AXES[name].entries()) {
      const scale = cube.scaleOf(axis, drag.windows[axis])
      const by = Math.round(scale.item(from[i]) - scale.item(to[i]))
      this.show(axis, windowMoved(drag.windows[axis], by, cube.length(axis)))
    }
    cube.canvas.style.cursor = "grabbing"
  }

  /**
   * @param {Drag} drag
   * @param {AxisName} axis
   * @param {number} dx
   * @param {number} dy
   */
  slide(drag, axis, dx, dy) {
    const count = this.cube.length(axis)
    const { w, h } = this.cube.geometry
    const by = Math.round((axis === "class" ? dx / w : dy / h) * count)
    this.show(axis, windowMoved(drag.windows[axis], by, count))
  }

  /**
   * Show a window at once with the loaded cells, and request its cells from the server soon after.
   *
   * @param {AxisName} axis
   * @param {ItemWindow} window
   */
  show(axis, window) {
    const { cube } = this
    const before = cube.windows[axis]
    if (before.first === window.first && before.last === window.last) return
    cube.windows = { ...cube.windows, [axis]: window }
    cube.draw()
    this.sendLater("window", () => cube.send({ type: "window", windows: cube.windows }))
  }

  /**
   * @param {string} name of the action; a later one of the same name replaces it
   * @param {() => void} act
   */
  sendLater(name, act) {
    clearTimeout(this.timers[name])
    this.timers[name] = setTimeout(act, SEND_AFTER)
  }

  /** @param {string} name */
  forget(name) {
    clearTimeout(this.timers[name])
  }

  /** @param {PointerEvent} event */
  up(event) {
    const { drag } = this
    this.drag = null
    if (!drag || drag.moved) {
      this.hover(this.place(event))
      return
    }
    const { target } = drag
    if (target.kind === "label" && target.onCaret) this.unfold(target)
    else if (target.kind === "label") {
      const { axis, item } = target
      this.cube.send({ type: "pick", axis, item, shift: event.shiftKey })
    } else if (target.kind === "face") this.pick(this.cube.cell(target), event.shiftKey)
  }

  /** @param {{ axis: AxisName, item: number }} item */
  unfold({ axis, item }) {
    this.cube.send({ type: "unfold", axis, item })
  }

  /**
   * @param {Cell} cell
   * @param {boolean} shift
   */
  pick({ name, axes, ranges }, shift) {
    const [u, v] = ranges
    const items = { [axes[0]]: [u.first, u.last], [axes[1]]: [v.first, v.last] }
    this.cube.send({ type: "cell", face: name, items, shift })
  }

  /** @param {MouseEvent} event */
  double(event) {
    const target = this.under(this.place(event))
    if (target.kind === "label") this.unfold(target)
    else if (target.kind === "face") this.cube.showWhole()
  }

  /** @param {Point} place */
  hover(place) {
    const { cube } = this
    const { items } = cube.model
    const target = this.under(place)
    cube.canvas.style.cursor = CURSORS[target.kind]
    if (target.kind === "face") {
      cube.readout.show(cellWords(cube.cell(target), items), place.x, place.y)
    } else if (target.kind === "label") {
      const { axis, item } = target
      const name = named(axis, { first: item, last: item + 1 }, items[axis])
      const how = axis === "layer" ? "arrow: its filters" : "double click: its images"
      cube.readout.show([name, `click: slice the cube; ${how}`], place.x, place.y)
    } else cube.readout.hide()
  }

  /**
   * Zoom about the pointer: both axes of a face, or the axis of labels; with shift, scroll.
   *
   * @param {WheelEvent} event
   */
  wheel(event) {
    const target = this.under(this.place(event))
    if (event.ctrlKey || (target.kind !== "face" && target.kind !== "label")) return
    const axes = target.kind === "face" ? FACE_AXES[target.name] : [target.axis]
    const shares = target.kind === "face" ? [target.u, target.v] : [target.share]
    const isSliding = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
    const delta = event.deltaY || event.deltaX
    const moved = axes.map((axis, i) =>
      isSliding ? i === 0 && this.wheelAlong(axis, delta) : this.wheelIn(axis, shares[i], delta),
    )
    // At the ends the page scrolls, but not within the gesture that reached the end.
    const goesOn = event.timeStamp - this.wheeled < ONE_GESTURE
    if (!moved.some(Boolean) && !goesOn) return
    this.wheeled = event.timeStamp
    event.preventDefault()
  }

  /**
   * Scroll an axis. Returns whether it moved.
   *
   * @param {AxisName} axis
   * @param {number} delta
   */
  wheelAlong(axis, delta) {
    const before = this.cube.windows[axis]
    const step = Math.max(1, Math.round((before.last - before.first) / 8))
    return this.tryShow(axis, windowMoved(before, Math.sign(delta) * step, this.cube.length(axis)))
  }

  /**
   * Zoom an axis about a share of it. Returns whether it moved.
   *
   * @param {AxisName} axis
   * @param {number} share
   * @param {number} delta
   */
  wheelIn(axis, share, delta) {
    const before = this.cube.windows[axis]
    const at = this.itemShare(axis, share)
    const factor = WHEEL_ZOOM ** delta
    return this.tryShow(axis, windowZoomed(before, factor, at, this.cube.length(axis)))
  }

  /**
   * @param {AxisName} axis
   * @param {ItemWindow} after
   */
  tryShow(axis, after) {
    const before = this.cube.windows[axis]
    this.show(axis, after)
    return after.first !== before.first || after.last !== before.last
  }

  /**
   * Convert a share of an axis to a share of its window's items.
   *
   * @param {AxisName} axis
   * @param {number} share
   */
  itemShare(axis, share) {
    const { first, last } = this.cube.windows[axis]
    return (this.cube.scales[axis].item(share) - first) / (last - first)
  }
}
