// HTML in a picture: grounds, lines, colour ramps, canvases and every word where the browser has
// put it.

/** @import { SvgContext } from "./svg_context.js" */
import { channels } from "../widgets/theme.js"

/** @typedef {{ left: number, top: number, width: number, height: number }} Bounds */

/**
 * The colours of a ramp from left to right, or null of another ground.
 *
 * @param {string} image what CSS says of a background
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

/** Paints an element and what is in it, as far as both are within `held`. */
class WordPainter {
  /**
   * @param {SvgContext} context
   * @param {DOMRect} held
   * @param {Bounds} origin
   */
  constructor(context, held, origin) {
    this.context = context
    this.held = held
    this.origin = origin
  }

  /**
   * @param {Element} element
   * @param {number} seen how opaque what holds the element is
   */
  paint(element, seen) {
    const { context, held } = this
    const style = getComputedStyle(element)
    const box = element.getBoundingClientRect()
    if (style.display === "none" || style.visibility === "hidden") return
    context.save()
    context.globalAlpha = seen * Number(style.opacity)
    if (box.bottom > held.top && box.top < held.bottom) this.paintContent(element, style, box)
    context.restore()
  }

  /**
   * @param {Element} element
   * @param {CSSStyleDeclaration} style
   * @param {DOMRect} box
   */
  paintContent(element, style, box) {
    const { context, held, origin } = this
    const left = box.left - origin.left
    const top = Math.max(box.top, held.top) - origin.top
    const height = Math.min(box.bottom, held.bottom) - origin.top - top
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
    return box.width > 0 && box.top >= this.held.top - 1 && box.bottom <= this.held.bottom + 1
  }

  /**
   * Words stand line by line as the browser broke them.
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
 * Paint an element and all in it.
 *
 * @param {SvgContext} context
 * @param {Element} root
 * @param {Bounds} origin where it stands on the page
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
 * Paint a colour ramp in slices of two pixels, which overlap lest the ground shows between them.
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
