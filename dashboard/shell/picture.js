// A saved picture of a pane: its charts, and the text, colour scales, tables and tiles around them,
// as scalable graphics. Controls and the cards next to charts are left out.

/** @import { Painted } from "../widgets/chart_sheet.js" */
import { FONT, readTheme, theme } from "../widgets/theme.js"
import { paintWords } from "./html_words.js"
import { SvgContext } from "./svg_context.js"

const HEAD = 40
const EDGE = 12
// Selectors of the HTML that a picture includes, and of the parts that it leaves out.
const INCLUDED = ".dt-legends, .dt-small, .dt-tiles, .dt-table, .dt-room, .dt-empty, h3"
const EXCLUDED = ".dt-rail, .dt-bar, .dt-head, .dt-about"

/** @typedef {(context: SvgContext) => void} Paint */
/** @typedef {{ x: number, y: number, width: number, height: number, paint: Paint }} Drawing */
/** @typedef {{ found: Drawing[], width: number, height: number }} Drawings */
/** @typedef {{ left: number, top: number, width: number, height: number }} Bounds */

/**
 * All elements below a node, including shadow roots, without the excluded parts.
 *
 * @param {Element | ShadowRoot} node
 * @returns {Generator<HTMLElement>}
 */
function* below(node) {
  if ("shadowRoot" in node && node.shadowRoot) yield* below(node.shadowRoot)
  for (const element of node.children || []) {
    if (element.matches(EXCLUDED)) continue
    yield/** @type {HTMLElement} */ (element)
    yield* below(element)
  }
}

/**
 * The view of Bokeh that draws in an element.
 *
 * @param {Element} element
 */
function bokehView(element) {
  /** @param {any} views @returns {any} */
  const search = (views) => {
    for (const view of views) {
      const found = view.el === element ? view : search(view.child_views || [])
      if (found) return found
    }
    return null
  }
  return search(/** @type {any} */ (globalThis).Bokeh?.index?.roots || [])
}

/**
 * The drawing of an element; null if it has none.
 *
 * @param {Painted} element
 * @returns {{ box: Bounds, paint: Paint } | null}
 */
function drawingOf(element) {
  const box = element.getBoundingClientRect()
  if (!box.width || !box.height) return null
  if (element.dtPaint && element.dtSize) {
    const { top } = (element.querySelector(".dt-scroll") || element).getBoundingClientRect()
    return { box: { left: box.left, top, ...element.dtSize() }, paint: element.dtPaint }
  }
  if (element.classList.contains("bk-Figure")) {
    const view = bokehView(element)
    if (!view) return null
    const markup = () => view.export("svg", false).ctx.get_serialized_svg(true)
    return { box, paint: (context) => context.embed(markup()) }
  }
  if (element.matches(INCLUDED)) {
    return { box: contentBox(element, box), paint: (context) => paintWords(context, element, box) }
  }
  if (element instanceof HTMLCanvasElement) {
    const source = [0, 0, element.width, element.height]
    const place = [0, 0, box.width, box.height]
    return { box, paint: (context) => context.drawImage(element, ...source, ...place) }
  }
  return null
}

/**
 * The drawings of a pane, each with its position in the picture.
 *
 * @param {Element} pane
 * @returns {Drawings}
 */
export function drawings(pane) {
  /** @type {Drawing[]} */
  const found = []
  const seen = new Set()
  for (const element of below(pane)) {
    const drawing = seen.has(element) ? null : drawingOf(element)
    if (!drawing) continue
    const { box, paint } = drawing
    found.push({ x: box.left, y: box.top, width: box.width, height: box.height, paint })
    // Its inner elements are drawn with it.
    for (const inner of below(element)) seen.add(inner)
  }
  if (!found.length) return { found, width: 0, height: 0 }
  const left = Math.min(...found.map((one) => one.x))
  const top = Math.min(...found.map((one) => one.y))
  for (const one of found) {
    one.x -= left
    one.y -= top
  }
  return {
    found,
    width: Math.ceil(Math.max(...found.map((one) => one.x + one.width))),
    height: Math.ceil(Math.max(...found.map((one) => one.y + one.height))),
  }
}

/**
 * Draw a picture with a caption.
 *
 * @param {Drawings} drawings
 * @param {string} caption
 */
export function graphicsOf({ found, width, height }, caption) {
  readTheme()
  const context = new SvgContext(width + 2 * EDGE, height + HEAD + EDGE)
  const style = getComputedStyle(document.documentElement)
  context.fillStyle = style.getPropertyValue("--dt-ground").trim() || "#ffffff"
  context.fillRect(0, 0, context.width, context.height)
  context.fillStyle = theme.ink
  context.font = `600 ${FONT}`
  context.fillText(caption, EDGE, HEAD / 2)
  for (const one of found) {
    context.save()
    context.font = FONT
    context.translate(EDGE + one.x, HEAD + one.y)
    one.paint(context)
    context.restore()
  }
  return context
}

/**
 * The part of a box that its content covers.
 *
 * @param {Element} element
 * @param {DOMRect} box
 */
function contentBox(element, box) {
  const range = document.createRange()
  range.selectNodeContents(element)
  const width = Math.min(box.right, range.getBoundingClientRect().right) - box.left
  return { left: box.left, top: box.top, width: width > 0 ? width : box.width, height: box.height }
}
