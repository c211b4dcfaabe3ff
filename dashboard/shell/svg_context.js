// A canvas context that writes SVG; it has only the methods that the charts of this app use.

/** @import { Context } from "../widgets/drawing.js" */
import { contextOf } from "../widgets/drawing.js"
import { FONT } from "../widgets/theme.js"

/** Transformation of (x, y) to the picture: [a, b, c, d, e, f]. */
/** @typedef {[number, number, number, number, number, number]} Matrix */
/** @typedef {HTMLCanvasElement | OffscreenCanvas} Picture */

const ANCHORS = { center: "middle", right: "end", end: "end", left: "start", start: "start" }
/** @type {Record<string, string>} */
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100
}

/** @param {string} text */
export function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => ESCAPES[sign])
}

/**
 * A matrix after another one.
 *
 * @param {Matrix} outer
 * @param {Matrix} inner
 * @returns {Matrix}
 */
export function product([A, B, C, D, E, F], [a, b, c, d, e, f]) {
  return [
    A * a + C * b,
    B * a + D * b,
    A * c + C * d,
    B * c + D * d,
    A * e + C * f + E,
    B * e + D * f + F,
  ]
}

/** @implements {Context} */
export class SvgContext {
  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width
    this.height = height
    /** The drawn elements. @type {string[]} */
    this.parts = []
    /** The current path. @type {string[]} */
    this.steps = []
    this.clips = 0
    this.state = {
      matrix: /** @type {Matrix} */ ([1, 0, 0, 1, 0, 0]),
      fillStyle: "#000",
      strokeStyle: "#000",
      lineWidth: 1,
      font: FONT,
      textAlign: /** @type {CanvasTextAlign} */ ("left"),
      textBaseline: /** @type {CanvasTextBaseline} */ ("middle"),
      globalAlpha: 1,
      dash: /** @type {number[]} */ ([]),
      clip: "",
    }
    /** @type {SvgContext["state"][]} */
    this.stack = []
    this.imageSmoothingEnabled = true
    this.measure = contextOf(document.createElement("canvas"))
  }

  get fillStyle() {
    return this.state.fillStyle
  }
  set fillStyle(value) {
    this.state.fillStyle = value
  }
  get strokeStyle() {
    return this.state.strokeStyle
  }
  set strokeStyle(value) {
    this.state.strokeStyle = value
  }
  get lineWidth() {
    return this.state.lineWidth
  }
  set lineWidth(value) {
    this.state.lineWidth = value
  }
  get font() {
    return this.state.font
  }
  set font(value) {
    this.state.font = value
  }
  get textAlign() {
    return this.state.textAlign
  }
  set textAlign(value) {
    this.state.textAlign = value
  }
  get textBaseline() {
    return this.state.textBaseline
  }
  set textBaseline(value) {
    this.state.textBaseline = value
  }
  get globalAlpha() {
    return this.state.globalAlpha
  }
  set globalAlpha(value) {
    this.state.globalAlpha = value
  }

  save() {
    this.stack.push({ ...this.state })
  }

  restore() {
    this.state = this.stack.pop() || this.state
  }

  /** @param {number} x @param {number} y */
  translate(x, y) {
    this.transform(1, 0, 0, 1, x, y)
  }

  /** @param {number} angle */
  rotate(angle) {
    const c = Math.cos(angle)
    const s = Math.sin(angle)
    this.transform(c, s, -s, c, 0, 0)
  }

  /** @param {Matrix} matrix */
  transform(...matrix) {
    this.state.matrix = product(this.state.matrix, matrix)
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.state.dash = dash
  }

  /** @param {string} text */
  measureText(text) {
    this.measure.font = this.state.font
    return this.measure.measureText(text)
  }

  /**
   * A point of a path, transformed by the current matrix, as on a canvas.
   *
   * @param {number} x
   * @param {number} y
   */
  point(x, y) {
    const [a, b, c, d, e, f] = this.state.matrix
    return `${round(a * x + c * y + e)} ${round(b * x + d * y + f)}`
  }

  beginPath() {
    this.steps = []
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.steps.push(`M${this.point(x, y)}`)
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.steps.push(`${this.steps.length ? "L" : "M"}${this.point(x, y)}`)
  }

  closePath() {
    this.steps.push("Z")
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h */
  rect(x, y, w, h) {
    const [first, ...others] = [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ].map((corner) => this.point(corner[0], corner[1]))
    this.steps.push(`M${first}${others.map((corner) => `L${corner}`).join("")}Z`)
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} r
   * @param {number} from
   * @param {number} to
   */
  arc(x, y, r, from, to) {
    /** @param {number} angle */
    const at = (angle) => this.point(x + r * Math.cos(angle), y + r * Math.sin(angle))
    const half = `A${r} ${r} 0 0 1 `
    const start = `${this.steps.length ? "L" : "M"}${at(from)}`
    this.steps.push(`${start}${half}${at((from + to) / 2)}${half}${at(to)}`)
  }

  /**
   * Add an element.
   *
   * @param {string} tag
   * @param {Record<string, string | number>} attributes
   * @param {string} [content]
   */
  add(tag, attributes, content = "") {
    const { clip, globalAlpha } = this.state
    const all = { ...attributes, ...(globalAlpha < 1 && { opacity: globalAlpha }) }
    const entries = Object.entries(all).map(([k, v]) => `${k}="${escaped(String(v))}"`)
    const made = `<${tag} ${entries.join(" ")}>${content}</${tag}>`
    // In an outer group: the element's own transform must not move the clip path.
    this.parts.push(clip ? `<g clip-path="url(#${clip})">${made}</g>` : made)
  }

  fill() {
    if (!this.steps.length) return
    this.add("path", { d: this.steps.join(""), fill: this.state.fillStyle })
  }

  stroke() {
    if (!this.steps.length) return
    const { strokeStyle, lineWidth, dash } = this.state
    /** @type {Record<string, string | number>} */
    const look = { fill: "none", stroke: strokeStyle, "stroke-width": lineWidth }
    if (dash.length) look["stroke-dasharray"] = dash.join(" ")
    this.add("path", { d: this.steps.join(""), ...look })
  }

  /**
   * Draw a rectangle, and keep the current path.
   *
   * @param {() => void} draw
   * @param {[x: number, y: number, w: number, h: number]} box
   */
  alone(draw, box) {
    const kept = this.steps
    this.steps = []
    this.rect(...box)
    draw.call(this)
    this.steps = kept
  }

  /** @param {[x: number, y: number, w: number, h: number]} box */
  fillRect(...box) {
    this.alone(this.fill, box)
  }

  /** @param {[x: number, y: number, w: number, h: number]} box */
  strokeRect(...box) {
    this.alone(this.stroke, box)
  }

  clip() {
    this.clips += 1
    const name = `clip${this.clips}`
    this.parts.push(`<clipPath id="${name}"><path d="${this.steps.join("")}"/></clipPath>`)
    this.state.clip = name
  }

  get matrix() {
    return `matrix(${this.state.matrix.map(round).join(" ")})`
  }

  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    const { fillStyle, font, textAlign } = this.state
    const look = {
      x: round(x),
      y: round(y),
      fill: fillStyle,
      style: `font:${font}`,
      "text-anchor": ANCHORS[textAlign],
      "dominant-baseline": "central",
      transform: this.matrix,
    }
    this.add("text", look, escaped(text))
  }

  /**
   * Embed a picture as a PNG, without blending its pixels.
   *
   * @param {Picture} image
   * @param {number[]} places 2, 4 or 8, as in a canvas
   */
  drawImage(image, ...places) {
    const { width, height } = image
    const whole = [places[0], places[1], places[2] ?? width, places[3] ?? height]
    const [sx, sy, sw, sh, x, y, w, h] =
      places.length === 8 ? places : [0, 0, width, height, ...whole]
    const canvas = document.createElement("canvas")
    canvas.width = Math.max(1, Math.round(sw))
    canvas.height = Math.max(1, Math.round(sh))
    const context = contextOf(canvas)
    context.imageSmoothingEnabled = false
    context.drawImage(image, sx, sy, sw, sh, 0, 0, canvas.width, canvas.height)
    this.add("image", {
      x: round(x),
      y: round(y),
      width: round(w),
      height: round(h),
      preserveAspectRatio: "none",
      style: "image-rendering:pixelated",
      transform: this.matrix,
      href: canvas.toDataURL("image/png"),
    })
  }

  /**
   * Embed the markup of other graphics, such as a Bokeh figure, unchanged.
   *
   * @param {string} markup
   */
  embed(markup) {
    this.parts.push(`<g transform="${this.matrix}">${markup}</g>`)
  }

  /** @param {string} title */
  text(title) {
    const { width, height } = this
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
    const content = `<title>${escaped(title)}</title>${this.parts.join("\n")}`
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${content}</svg>`
  }
}
