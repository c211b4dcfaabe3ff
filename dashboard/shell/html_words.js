// HTML in a picture: backgrounds, borders, colour ramps, canvases, and every word at its position
// in the browser.

/** @import { SvgContext } from "./svg_context.js" */
import { channels } from "../widgets/theme.js"

/** @typedef {{ left: number, top: number, width: number, height: number }} Bounds */

/**
 * The colours of a ramp from left to right; null for another background.
 *
 * @param {string} image the CSS background-image
 */
export function rampOf(image) {
  const ramp = image.match(/^linear-gradient\(to right, (.*)\)$/)
  if (!ramp) return null
  const colours = ramp[1].match(/rgba?\([^)]*\)|#[0-9a-f]+/g) || []
  return colours.map((colour) =>
    colour.startsWith("#")
      ? channels(colour)
      : (colour.match(/[\d.]+/g) || []).slice(0, 3).map(Number),
  )
}

/**
 * The colour at a share of a ramp.
 *
 * @param {number[][]} stops red, green and blue each
 * @param {number} share
 */
export function mixed(stops, share) {
  const at = share * (stops.length - 1)
  const from = Math.min(stops.length - 2, Math.floor(at))
  return stops[from].map((value, i) =>
    Math.round(value + (stops[from + 1][i] - value) * (at - from)),
  )
}

/** Paints an element and its content, clipped to `bounds`. */
class WordPainter {
  /**
   * @param {SvgContext} context
   * @param {DOMRect} bounds
   * @param {Bounds} origin
   */
  constructor(context, bounds, origin) {
    this.context = context
    this.bounds = bounds
    this.origin = origin
  }

  /**
   * @param {Element} element
   * @param {number} opacity of the parent
   */
  paint(element, opacity) {
    const { context, bounds } = this
    const style = getComputedStyle(element)
    const box = element.getBoundingClientRect()
    if (style.display === "none" || style.visibility === "hidden") return
    context.save()
    context.globalAlpha = opacity * Number(style.opacity)
    if (box.bottom > bounds.top && box.top < bounds.bottom) this.paintContent(element, style, box)
    context.restore()
  }

  /**
   * @param {Element} element
   * @param {CSSStyleDeclaration} style
   * @param {DOMRect} box
   */
  paintContent(element, style, box) {
    const { context, bounds, origin } = this
    const left = box.left - origin.left
    const top = Math.max(box.top, bounds.top) - origin.top
    const height = Math.min(box.bottom, bounds.bottom) - origin.top - top
    const whole = { left, top, width: box.width, height }
    if (style.display !== "inline") paintBox(context, style, whole)
    if (element instanceof HTMLCanvasElement) {
      const source = [0, 0, element.width, element.height]
      context.drawImage(element, ...source, left, top, box.width, box.height)
    }
    for (const node of element.childNodes) {
      if (node instanceof Element && !(node instanceof SVGElement)) {
        this.paint(node, context.globalAlpha)
      } else if (node instanceof Text) this.paintText(style, node)
    }
  }

  /** @param {DOMRect} box */
  isSeen(box) {
    return box.width > 0 && box.top >= this.bounds.top - 1 && box.bottom <= this.bounds.bottom + 1
  }

  /**
   * Paint text in the lines into which the browser broke it.
   *
   * @param {CSSStyleDeclaration} style
   * @param {Text} node
   */
  paintText(style, node) {
    const { context, origin } = this
    const range = document.createRange()
    /** @type {{ text: string, left: number, middle: number }[]} */
    const lines = []
    for (const word of node.data.matchAll(/\S+/g)) {
      range.setStart(node, word.index)
      range.setEnd(node, word.index + word[0].length)
      const box = range.getBoundingClientRect()
      if (!this.isSeen(box)) continue
      const line = lines.at(-1)
      const middle = box.top + box.height / 2
      if (line && Math.abs(line.middle - middle) < 3) line.text += ` ${word[0]}`
      else lines.push({ text: word[0], left: box.left, middle })
    }
    context.fillStyle = style.color
    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`
    context.textAlign = "left"
    for (const { text, left, middle } of lines) {
      context.fillText(text, left - origin.left, middle - origin.top)
    }
  }
}

/**
 * Paint an element and its content.
 *
 * @param {SvgContext} context
 * @param {Element} root
 * @param {Bounds} origin its position on the page
 */
export function paintWords(context, root, origin) {
  new WordPainter(context, root.getBoundingClientRect(), origin).paint(root, 1)
}

/**
 * @param {SvgContext} context
 * @param {CSSStyleDeclaration} style
 * @param {Bounds} box
 */
function paintBox(context, style, box) {
  const { left, top, width, height } = box
  const ramp = rampOf(style.backgroundImage)
  if (ramp) paintRamp(context, ramp, box)
  else if (!/^(rgba\(.*, 0\)|transparent)$/.test(style.backgroundColor)) {
    context.fillStyle = style.backgroundColor
    context.fillRect(left, top, width, height)
  }
  for (const [side, [x0, y0, x1, y1]] of Object.entries({
    top: [0, 0, 1, 0],
    right: [1, 0, 1, 1],
    bottom: [0, 1, 1, 1],
    left: [0, 0, 0, 1],
  })) {
    const border = (/** @type {string} */ what) => style.getPropertyValue(`border-${side}-${what}`)
    const thick = Number.parseFloat(border("width"))
    if (!thick || border("style") === "none") continue
    context.strokeStyle = border("color")
    context.lineWidth = thick
    context.beginPath()
    context.moveTo(left + x0 * width, top + y0 * height)
    context.lineTo(left + x1 * width, top + y1 * height)
    context.stroke()
  }
}

/**
 * Paint a colour ramp in overlapping slices of two pixels, so that no background shows between.
 *
 * @param {SvgContext} context
 * @param {number[][]} stops
 * @param {Bounds} box
 */
function paintRamp(context, stops, { left, top, width, height }) {
  for (let x = 0; x < width; x += 2) {
    context.fillStyle = `rgb(${mixed(stops, (x + 1) / width).join(",")})`
    context.fillRect(left + x, top, Math.min(3, width - x), height)
  }
}
