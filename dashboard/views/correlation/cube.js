// The cube: class x iteration on top, layer x iteration at the side, class x layer in front, on one
// canvas. It turns between the oblique view and its faces laid flat; picked planes move in.

/** @import { Painted } from "../../widgets/chart_sheet.js" */
/** @import { Model } from "../../widgets/component.js" */
/** @import { Context } from "../../widgets/drawing.js" */
/** @import { Scale } from "./cube_axis.js" */
/** @import { Cell, Items } from "./cube_cells.js" */
/** @import { Face } from "./cube_faces.js" */
/** @import { AxisName, FaceName, ItemWindow } from "./cube_geometry.js" */
/** @import { Cursor } from "./cube_keys.js" */
/** @import { Bar } from "./cube_targets.js" */
import { CHART_STYLE } from "../../widgets/chart_style.js"
import { make } from "../../widgets/dom.js"
import { crisp } from "../../widgets/drawing.js"
import { onFullScreen, reserve, screenRoom, topOf } from "../../widgets/full_screen.js"
import { readout } from "../../widgets/readout.js"
import { onTheme } from "../../widgets/theme.js"
import { CubeActions } from "./cube_actions.js"
import { EvenScale, TimeScale } from "./cube_axis.js"
import { AXES, cellAt } from "./cube_cells.js"
import { drawCube } from "./cube_drawing.js"
import { FacePicture } from "./cube_faces.js"
import { cubeGeometry, cutFaces, FACE_AXES, FACES, hullFaces, placeOn } from "./cube_geometry.js"
import { CubeLabels } from "./cube_labels.js"
import { stateOf } from "./cube_state.js"
import { CubeStrip } from "./cube_strip.js"
import { CUBE_STYLE } from "./cube_style.js"

const AXIS_NAMES = /** @type {AxisName[]} */ (Object.keys(AXES))
const SETTLED = 0.002
// Time constant of the animation, and the longest time step that it takes, in milliseconds.
const PACE = 80
const LONGEST_STEP = 60
// Least height of the cube in a low window, and the height of what is below it on the page.
const LEAST_HEIGHT = 320
const BELOW = 44
const LEGEND = 64

/**
 * @typedef {Model<Record<FaceName, Face> & {
 *   palettes: Record<string, ArrayBuffer>, view: Record<AxisName, ItemWindow>,
 *   items: { class: Items, layer: Items, time: Items & { iterations: number[] } },
 *   picks: Record<AxisName, number>, slices: { axis: AxisName, text: string }[],
 *   unfoldable: { axis: AxisName, name: string, open: boolean }[], flat: number, height: number,
 *   description: string,
 * }>} CubeModel
 */

export class Cube {
  /**
   * @param {CubeModel} model
   * @param {HTMLElement} root
   */
  constructor(model, root) {
    this.model = model
    this.root = root
    this.strip = new CubeStrip(this)
    this.canvas = make("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "cube of three linked charts",
    })
    /** @type {Painted} */
    this.stage = make("div", { class: "dt-root" }, this.canvas)
    this.spoken = make("div", { class: "dt-spoken", "aria-live": "polite" })
    root.append(this.strip.bar, this.strip.legend, this.stage, this.spoken)
    this.readout = readout(this.stage)
    // For saved pictures: the cube, and the legend of its colours below it.
    this.stage.dtSize = () => ({
      width: this.stage.clientWidth,
      height: this.pictureHeight + LEGEND,
    })
    this.stage.dtPaint = (context) => this.paintPicture(context)
    this.flat = model.flat / 100
    this.wantedFlat = this.flat
    this.height = 0
    this.isDrawn = false
    this.isWaiting = false
    this.count = 0
    /** When the cube last moved. @type {number | undefined} */
    this.before = undefined
    /** @type {HTMLElement | null | undefined} */
    this.top = undefined
    /** The cell that the keyboard is on. @type {Cursor | null} */
    this.cursor = null
    /** Where navigators are drawn. @type {Partial<Record<AxisName, Bar>>} */
    this.bars = {}
    this.cuts = { class: 1, layer: 0, time: 0 }
    // What the server sent, and how often.
    this.pictures = /** @type {Record<FaceName, FacePicture>} */ ({})
    this.loaded = /** @type {Partial<CubeModel>} */ ({})
    this.loads = /** @type {Record<string, number>} */ ({})
    // How it is drawn.
    const none = { first: 0, last: 0 }
    this.windows = /** @type {Record<AxisName, ItemWindow>} */ ({})
    this.timeScale = new TimeScale(none, [], false)
    this.scales = /** @type {Record<AxisName, Scale>} */ ({})
    this.geometry = cubeGeometry(0, 0, this.flat)
    this.cut = cutFaces(this.geometry, this.cuts)
    this.faces = this.cut.faces
    this.labels = new CubeLabels(this)
    this.actions = new CubeActions(this)
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(this.stage)
  }

  /** Load what the server sent. */
  load() {
    const { model, loaded } = this
    for (const name of FACES) {
      if (loaded[name] === model[name]) continue
      loaded[name] = model[name]
      this.pictures[name] = new FacePicture(model[name], model.palettes)
      this.loads[name] = (this.loads[name] || 0) + 1
    }
    if (loaded.view !== model.view) {
      loaded.view = model.view
      for (const axis of AXIS_NAMES) {
        const { first, last } = model.view[axis]
        this.windows = { ...this.windows, [axis]: { first, last } }
      }
    }
    if (loaded.flat !== model.flat) {
      loaded.flat = model.flat
      this.turnTo(model.flat / 100)
    }
  }

  /**
   * How many items an axis has.
   *
   * @param {AxisName} axis
   */
  length(axis) {
    return this.model.items[axis].labels.length
  }

  /** The axes that show a part of their items. */
  get zoomed() {
    return AXIS_NAMES.filter((axis) => {
      const { first, last } = this.windows[axis]
      return last - first < this.length(axis)
    })
  }

  /**
   * @param {AxisName} axis
   * @param {ItemWindow} window
   * @returns {Scale}
   */
  scaleOf(axis, window) {
    if (axis !== "time") return new EvenScale(window)
    return new TimeScale(window, this.model.items.time.iterations)
  }

  /**
   * Position of a plane in the window, 0..1; null if it is outside.
   *
   * @param {AxisName} axis
   * @param {0 | 1} side
   */
  planeOf(axis, side) {
    const item = this.model.picks[axis]
    const { first, last } = this.windows[axis]
    return item >= first && item < last ? this.scales[axis].edge(item + side) : null
  }

  /** The planes' target positions: in front of the picked item, so that its cells are visible. */
  wantedCuts() {
    return {
      class: this.planeOf("class", 1) ?? 1,
      layer: this.planeOf("layer", 0) ?? 0,
      time: this.planeOf("time", 0) ?? 0,
    }
  }

  /**
   * Turn the cube to the server's value.
   *
   * @param {number} flat
   */
  turnTo(flat) {
    this.wantedFlat = flat
    if (this.isStill) this.flat = flat
    this.draw()
  }

  /**
   * Turn the cube during a drag, and send the value.
   *
   * @param {number} flat
   */
  turnBy(flat) {
    this.flat = this.wantedFlat = flat
    this.draw()
    this.actions.sendLater("flat", () => this.actions.sendFlat())
  }

  get isStill() {
    return !this.isDrawn || matchMedia("(prefers-reduced-motion: reduce)").matches
  }

  /** Move one animation step towards the target. Returns whether it is reached. */
  approach() {
    const now = performance.now()
    const passed = Math.min(LONGEST_STEP, now - (this.before ?? now - 16))
    const share = this.isStill ? 1 : 1 - Math.exp(-passed / PACE)
    this.before = now
    const wanted = this.wantedCuts()
    let settled = true
    /** @param {number} value @param {number} goal */
    const near = (value, goal) => {
      if (Math.abs(goal - value) < SETTLED) return goal
      settled = false
      return value + (goal - value) * share
    }
    this.flat = near(this.flat, this.wantedFlat)
    for (const axis of AXIS_NAMES) this.cuts[axis] = near(this.cuts[axis], wanted[axis])
    if (settled) this.before = undefined
    return settled
  }

  draw() {
    const width = this.stage.clientWidth
    const { model } = this
    if (!width || !model.front.codes || !model.view.class) return
    this.load()
    const { windows } = this
    this.timeScale = new TimeScale(windows.time, model.items.time.iterations)
    this.scales = {
      class: this.scaleOf("class", windows.class),
      layer: this.scaleOf("layer", windows.layer),
      time: this.timeScale,
    }
    const settled = this.approach()
    this.fit()
    this.geometry = cubeGeometry(width, this.height, this.flat)
    this.isDrawn = true
    this.drawOn(crisp(this.canvas, width, this.height))
    this.strip.update()
    this.report(settled)
    if (!settled) this.scheduleDraw()
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

  /**
   * In full screen the cube takes the available height. On a page it fits under the sticky top
   * part, and the list next to it has the same height.
   */
  fit() {
    const { model, root, stage } = this
    const room = screenRoom(stage)
    this.height = room ? Math.max(model.height, room) : Math.min(model.height, this.roomUnderTop())
    const above = stage.getBoundingClientRect().top - root.getBoundingClientRect().top
    const whole = above + this.height
    reserve(root, room && whole)
    document.documentElement.style.setProperty("--dt-cube", `${Math.round(whole)}px`)
  }

  roomUnderTop() {
    const top = topOf(this.stage)
    if (top && top !== this.top) this.observer.observe(top)
    this.top = top
    return Math.max(LEAST_HEIGHT, window.innerHeight - (top?.offsetHeight || 0) - BELOW)
  }

  /** A saved picture has the height of a high window. */
  get pictureHeight() {
    return Math.max(this.height, this.model.height)
  }

  /** @param {Context} context */
  paintPicture(context) {
    this.height = this.pictureHeight
    this.geometry = cubeGeometry(this.stage.clientWidth, this.height, this.flat)
    this.drawOn(context)
    this.strip.paintLegend(context, this.height)
    this.draw()
  }

  /** @param {Context} context */
  drawOn(context) {
    this.cut = cutFaces(this.geometry, this.cuts)
    const hull = hullFaces(this.geometry)
    this.faces = this.cut.isCut ? [...hull, ...this.cut.faces] : hull
    drawCube(context, this, hull)
  }

  /**
   * The middle of an item, as a share of what is shown.
   *
   * @param {AxisName} axis
   * @param {number} item
   */
  share(axis, item) {
    return this.scales[axis].centre(item)
  }

  /**
   * The corners of a cell on its hull face.
   *
   * @param {Cell} cell
   */
  corners({ name, axes, ranges: [u, v] }) {
    const matrix = this.geometry.faces[name]
    const [left, right] = [u.first, u.last].map((item) => this.scales[axes[0]].edge(item))
    const [top, bottom] = [v.first, v.last].map((item) => this.scales[axes[1]].edge(item))
    return [
      placeOn(matrix, left, top),
      placeOn(matrix, right, top),
      placeOn(matrix, right, bottom),
      placeOn(matrix, left, bottom),
    ]
  }

  /**
   * The cell under a place of a face.
   *
   * @param {{ name: FaceName, u: number, v: number }} place
   */
  cell(place) {
    return cellAt(place, this.pictures, this.scales)
  }

  /**
   * Position of the keyboard cursor on its face.
   *
   * @param {Cursor} cursor
   */
  cursorPlace({ name, items }) {
    const [u, v] = FACE_AXES[name]
    return { name, u: this.share(u, items[0]), v: this.share(v, items[1]) }
  }

  cursorCell() {
    return this.cursor && this.cell(this.cursorPlace(this.cursor))
  }

  /** Show all items of every axis; drop a zoom that has not been sent yet. */
  showWhole() {
    this.actions.forget("window")
    for (const axis of AXIS_NAMES) {
      this.windows = { ...this.windows, [axis]: { first: 0, last: this.length(axis) } }
    }
    this.draw()
    this.send({ type: "whole" })
  }

  /** @param {Record<string, unknown>} event */
  send(event) {
    this.count += 1
    this.model.event = { ...event, count: this.count }
  }

  /**
   * Write down what is drawn, for tests and for assistive tools.
   *
   * @param {boolean} settled
   */
  report(settled) {
    this.root.dataset.testid = "cube"
    this.root.dataset.state = JSON.stringify({ ...stateOf(this), settled })
    this.canvas.setAttribute("aria-label", this.model.description)
  }
}

/** @param {{ model: CubeModel, el: HTMLElement }} place */
export function render({ model, el }) {
  const root = make("div")
  el.append(make("style", {}, CHART_STYLE + CUBE_STYLE), root)
  const cube = new Cube(model, root)
  const redraw = () => cube.scheduleDraw()
  model.on(["top", "side", "front", "view", "items", "picks", "flat", "description"], redraw)
  document.addEventListener("dt-spacing", redraw)
  const removers = [onTheme(redraw), onFullScreen(redraw)]
  model.on("remove", () => {
    cube.observer.disconnect()
    document.removeEventListener("dt-spacing", redraw)
    for (const remove of removers) remove()
  })
  redraw()
}
