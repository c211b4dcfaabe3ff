// Drawing on a canvas, crisp at any resolution of the screen.

import { FONT, readTheme, theme } from "./theme.js"

/**
 * The part of a canvas context that charts use. `SvgContext` has the same methods.
 *
 * @typedef {Pick<CanvasRenderingContext2D,
 *   "fillStyle" | "strokeStyle" | "lineWidth" | "font" | "textAlign" | "textBaseline" |
 *   "globalAlpha" | "imageSmoothingEnabled" | "save" | "restore" | "translate" | "rotate" |
 *   "transform" | "setLineDash" | "measureText" | "beginPath" | "moveTo" | "lineTo" |
 *   "closePath" | "rect" | "arc" | "fillRect" | "strokeRect" | "fillText"
 * > & {
 *   fill: () => void,
 *   stroke: () => void,
 *   clip: () => void,
 *   drawImage: (image: HTMLCanvasElement | OffscreenCanvas, ...places: number[]) => void,
 * }} Context
 */

/**
 * The context of a canvas.
 *
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))
}

/**
 * Size a canvas to CSS pixels at the screen's own resolution, and give its context.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function crisp(canvas, width, height) {
  readTheme()
  const ratio = window.devicePixelRatio || 1
  const w = Math.max(1, Math.round(width * ratio))
  const h = Math.max(1, Math.round(height * ratio))
  if (canvas.width !== w) canvas.width = w
  if (canvas.height !== h) canvas.height = h
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const context = contextOf(canvas)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.font = FONT
  context.textBaseline = "middle"
  return context
}

/**
 * Cut a text so that it fits, with an ellipsis.
 *
 * @param {Context} context
 * @param {string} text
 * @param {number} width
 */
export function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text
  let cut = text.length
  while (cut > 1 && context.measureText(`${text.slice(0, cut)}…`).width > width) cut -= 1
  return `${text.slice(0, cut)}…`
}

/**
 * Draw a line through points.
 *
 * @param {Context} context
 * @param {number[][]} points [x, y] each
 * @param {boolean} [isClosed] whether the line returns to its start
 */
export function strokeThrough(context, points, isClosed = false) {
  context.beginPath()
  points.forEach(([x, y], place) => {
    if (place) context.lineTo(x, y)
    else context.moveTo(x, y)
  })
  if (isClosed) context.closePath()
  context.stroke()
}

/**
 * Fill the shape with these corners.
 *
 * @param {Context} context
 * @param {number[][]} corners [x, y] each
 */
export function fillShape(context, corners) {
  context.beginPath()
  corners.forEach(([x, y], place) => {
    if (place) context.lineTo(x, y)
    else context.moveTo(x, y)
  })
  context.fill()
}

/**
 * Draw the triangle that unfolds a row: it points down or to the right.
 *
 * @param {Context} context
 * @param {boolean} isOpen
 * @param {number} x
 * @param {number} y
 */
export function drawToggle(context, isOpen, x, y) {
  context.fillStyle = theme.faint
  const down = [
    [x, y - 3],
    [x + 8, y - 3],
    [x + 4, y + 4],
  ]
  const right = [
    [x + 1, y - 4],
    [x + 7, y],
    [x + 1, y + 4],
  ]
  fillShape(context, isOpen ? down : right)
}
