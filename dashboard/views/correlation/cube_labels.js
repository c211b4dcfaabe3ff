// Labels around the cube's faces: item names, axis titles, and bars that show the visible part.

/** @import { Context } from "../../widgets/drawing.js" */
/** @import { Cube } from "./cube.js" */
/** @import { AxisName } from "./cube_geometry.js" */
import { fillShape, fitted } from "../../widgets/drawing.js"
import { FONT, theme } from "../../widgets/theme.js"
import { mix, placeOn } from "./cube_geometry.js"

// Pixels that a label needs: a layer's row, a class's column, an iteration's height and width.
const PITCH = { layer: 11.5, class: 22, timeUp: 16, timeAlong: 56 }
const WIDEST_LAYER = 150
const WIDEST_LEANING = 74
const WIDEST_CLASS = 90

/** @typedef {{ at: number, text: string, isPicked?: boolean }} TimeMark */

/**
 * A round distance between labels: any up to four, then 5, 10, 20, 50 and so on.
 *
 * @param {number} least
 */
export function roundStep(least) {
  if (least <= 4) return least
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5].map((k) => k * power).find((step) => step >= least) || 10 * power
}

/**
 * Items to label: as many as fit, and the picked one.
 *
 * @param {{ first: number, last: number }} window
 * @param {number} picked -1 for none
 * @param {number} room how many labels fit
 */
export function labelled({ first, last }, picked, room) {
  const least = Math.max(1, Math.ceil((last - first) / Math.max(1, Math.floor(room))))
  const step = roundStep(least)
  const isSeen = picked >= first && picked < last
  const found = []
  for (let item = first; item < last; item += 1) {
    const isNear = isSeen && Math.abs(item - picked) < least
    if (item === picked || (item % step === 0 && !isNear)) found.push(item)
  }
  return found
}

/**
 * Cut a layer's name at its start so that it fits: names of layers differ at their ends.
 *
 * @param {Context} context
 * @param {string} text
 * @param {number} width
 */
function fittedEnd(context, text, width) {
  if (context.measureText(text).width <= width) return text
  const wide = (/** @type {number} */ from) => context.measureText(`…${text.slice(from)}`).width
  let from = 1
  while (from < text.length - 1 && wide(from) > width) from += 1
  return `…${text.slice(from)}`
}

export class CubeLabels {
  /** @param {Cube} cube */
  constructor(cube) {
    this.cube = cube
  }

  get model() {
    return this.cube.model
  }

  get geometry() {
    return this.cube.geometry
  }

  /** @param {Context} context */
  draw(context) {
    this.layerLabels(context)
    this.classLabels(context)
    this.timeLabels(context)
    context.font = FONT
    this.navigators(context)
  }

  /**
   * @param {AxisName} axis
   * @param {number} room
   */
  labelled(axis, room) {
    return labelled(this.cube.windows[axis], this.model.picks[axis], room)
  }

  /**
   * Iterations to label, with their places: of items, or round ones where the spacing is true.
   *
   * @param {number} room
   * @returns {TimeMark[]}
   */
  timeMarks(room) {
    const scale = this.cube.timeScale
    const { labels } = this.model.items.time
    const picked = this.model.picks.time
    /** @param {number} item */
    const mark = (item) => ({
      at: scale.centre(item),
      text: labels[item],
      isPicked: item === picked,
    })
    if (!scale.isTrue) return this.labelled("time", room).map(mark)
    if (picked < scale.first || picked >= scale.last) return scale.labels(room)
    const chosen = mark(picked)
    return [...scale.labels(room).filter(({ at }) => Math.abs(at - chosen.at) * room >= 1), chosen]
  }

  /**
   * @param {Context} context
   * @param {TimeMark} mark
   * @param {number} x
   * @param {number} y
   */
  timeLabel(context, { text, isPicked }, x, y) {
    context.fillStyle = isPicked ? theme.pick : theme.ink
    context.font = isPicked ? `600 ${FONT}` : FONT
    context.fillText(text, x, y)
  }

  /**
   * Set the look of an item's label, and give its text.
   *
   * @param {Context} context
   * @param {AxisName} axis
   * @param {number} item
   */
  label(context, axis, item) {
    const { parts, labels } = this.model.items[axis]
    const isPicked = item === this.model.picks[axis]
    context.fillStyle = isPicked ? theme.pick : parts[item] ? theme.faint : theme.ink
    context.font = isPicked ? `600 ${FONT}` : FONT
    return labels[item]
  }

  /** @param {Context} context */
  layerLabels(context) {
    const { x, y, h } = this.geometry
    const { labels, parts, open } = this.model.items.layer
    context.textAlign = "right"
    for (const item of this.labelled("layer", h / PITCH.layer)) {
      const text = this.label(context, "layer", item)
      const at = y + h * this.cube.share("layer", item)
      context.fillText(fittedEnd(context, text, WIDEST_LAYER), x - 20, at)
      if (!parts[item]) drawCaret(context, x - 13, at, open === labels[item])
    }
    drawTitle(context, "layer", 12, y + h / 2, -Math.PI / 2)
  }

  /**
   * Draw class names without the word "class", which the axis title has. Names wider than their
   * column are drawn at a slant.
   *
   * @param {Context} context
   */
  classLabels(context) {
    const { x, y, w, h } = this.geometry
    const { first, last } = this.cube.windows.class
    const { labels } = this.model.items.class
    const shown = this.labelled("class", w / PITCH.class)
    const names = shown.map((item) => labels[item].replace(/^class /, ""))
    const widest = Math.max(...names.map((name) => context.measureText(name).width))
    const column = (w / (last - first)) * Math.max(1, (last - first) / shown.length)
    const isLeaning = widest + 8 > column
    for (const item of shown) {
      const name = this.label(context, "class", item).replace(/^class /, "")
      const text = fitted(context, name, isLeaning ? WIDEST_LEANING : WIDEST_CLASS)
      const at = x + w * this.cube.share("class", item)
      context.textAlign = isLeaning ? "right" : "center"
      context.save()
      context.translate(at + (isLeaning ? 3 : 0), y + h + (isLeaning ? 8 : 12))
      if (isLeaning) context.rotate(-Math.PI / 3.6)
      context.fillText(text, 0, 0)
      context.restore()
    }
    const under = isLeaning ? 20 + 0.75 * Math.min(WIDEST_LEANING, widest) : 32
    drawTitle(context, "class", x + w / 2, y + h + under, 0)
  }

  /** @param {Context} context */
  timeLabels(context) {
    const { along, up, flat } = this.geometry
    const { side, top } = this.geometry.faces
    const room = Math.max(Math.abs(along.y) / PITCH.timeUp, along.x / PITCH.timeAlong)
    context.textAlign = flat > 0.5 ? "center" : "left"
    const marks = this.timeMarks(room)
    const widest = Math.max(0, ...marks.map(({ text }) => context.measureText(text).width))
    for (const mark of marks) {
      const [x, y] = placeOn(side, mark.at, 1)
      this.timeLabel(context, mark, x + mix(7, 0, flat), y + mix(7, 12, flat))
    }
    const [x, y] = placeOn(side, 0.5, 1)
    // In the oblique view, keep the title clear of the labels on the rising edge.
    const clear = mix(widest + 46, 0, flat)
    drawTitle(context, "iteration", x + clear, y + mix(24, 30, flat), 0)
    if (flat < 0.75) return
    context.globalAlpha = (flat - 0.75) * 4
    context.textAlign = "right"
    for (const mark of this.timeMarks(Math.abs(up.y) / PITCH.timeUp)) {
      const [left, middle] = placeOn(top, 0, mark.at)
      this.timeLabel(context, mark, left - 7, middle)
    }
    const [left, middle] = placeOn(top, 0, 0.5)
    drawTitle(context, "iteration", Math.min(left - 60, 72), middle, -Math.PI / 2)
    context.globalAlpha = 1
  }

  /**
   * Draw a bar that shows which part of an axis is visible; it can be dragged.
   *
   * @param {Context} context
   */
  navigators(context) {
    const { x, y, w, h } = this.geometry
    this.cube.bars = {}
    for (const axis of /** @type {const} */ (["class", "layer"])) {
      const count = this.cube.length(axis)
      const { first, last } = this.cube.windows[axis]
      if (last - first >= count) continue
      const isClass = axis === "class"
      /** @type {[number, number, number, number]} */
      const box = isClass ? [x, this.cube.height - 7, w, 5] : [1, y, 5, h]
      this.cube.bars[axis] = box
      context.fillStyle = theme.line
      context.fillRect(...box)
      context.fillStyle = theme.accent
      const from = first / count
      const share = (last - first) / count
      if (isClass) context.fillRect(box[0] + w * from, box[1], Math.max(8, w * share), 5)
      else context.fillRect(box[0], box[1] + h * from, 5, Math.max(8, h * share))
    }
  }
}

/**
 * Draw the triangle that unfolds a layer: it points down or to the right.
 *
 * @param {Context} context
 * @param {number} x
 * @param {number} y
 * @param {boolean} isOpen
 */
function drawCaret(context, x, y, isOpen) {
  context.fillStyle = theme.faint
  const down = [
    [x - 1, y - 2.5],
    [x + 7, y - 2.5],
    [x + 3, y + 3],
  ]
  const right = [
    [x, y - 4],
    [x + 5.5, y],
    [x, y + 4],
  ]
  fillShape(context, isOpen ? down : right)
}

/**
 * Write the title of an axis.
 *
 * @param {Context} context
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {number} turn
 */
function drawTitle(context, words, x, y, turn) {
  context.save()
  context.translate(x, y)
  context.rotate(turn)
  context.textAlign = "center"
  context.fillStyle = theme.ink
  context.font = `600 ${FONT}`
  context.fillText(words, 0, 0)
  context.restore()
  context.font = FONT
}
