// A picture of a pane that stands alone: its charts, and the words, colour scales, tables and tiles
// around them, as scalable graphics. Controls and the cards beside charts are left out.

const HEAD = 40, EDGE = 12
// What of a page's HTML belongs to a picture, and what never does.
const WORDS = ".dt-says, .dt-small, .dt-tiles, .dt-table, .dt-room, .dt-empty, h3"
const APART = ".dt-rail, .dt-bar, .dt-head, .dt-about"

// Walks all elements below a node, into shadow roots, past what does not belong to a picture.
function* below(node) {
  if (node.shadowRoot) yield* below(node.shadowRoot)
  for (const element of node.children || []) {
    if (element.matches(APART)) continue
    yield element
    yield* below(element)
  }
}

// The view of Bokeh that draws in an element.
function bokehView(element) {
  const search = (views) => {
    for (const view of views) {
      const found = view.el === element ? view : search(view.child_views || [])
      if (found) return found
    }
    return null
  }
  return search(globalThis.Bokeh?.index?.roots || [])
}

// What a picture of a pane holds, each with its place in it.
function drawings(pane) {
  const found = [], seen = new Set()
  const add = (box, paint, inside) => {
    found.push({ x: box.left, y: box.top, width: box.width, height: box.height, paint })
    for (const inner of inside ? below(inside) : []) seen.add(inner)
  }
  for (const element of below(pane)) {
    const box = element.getBoundingClientRect()
    if (!box.width || !box.height || seen.has(element)) continue
    if (element.dtPaint) {
      const { width, height } = element.dtSize()
      const { top } = (element.querySelector(".dt-scroll") || element).getBoundingClientRect()
      add({ left: box.left, top, width, height }, element.dtPaint, element)
    } else if (element.classList.contains("bk-Figure")) {
      const view = bokehView(element)
      if (view) add(box, (context) => context.embed(view.export("svg", false).ctx.get_serialized_svg(true)), element)
    } else if (element.matches(WORDS)) {
      add(tight(element, box), (context) => paintWords(context, element, box), element)
    } else if (element.tagName === "CANVAS") {
      add(box, (context) => context.drawImage(element, 0, 0, element.width, element.height, 0, 0, box.width, box.height))
    }
  }
  if (!found.length) return { found, width: 0, height: 0 }
  const left = Math.min(...found.map((one) => one.x)), top = Math.min(...found.map((one) => one.y))
  found.forEach((one) => { one.x -= left; one.y -= top })
  return {
    found,
    width: Math.ceil(Math.max(...found.map((one) => one.x + one.width))),
    height: Math.ceil(Math.max(...found.map((one) => one.y + one.height))),
  }
}

function graphicsOf({ found, width, height }, caption) {
  readTheme()
  const context = new SvgContext(width + 2 * EDGE, height + HEAD + EDGE)
  context.font = FONT
  context.textBaseline = "middle"
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--dt-ground").trim() || "#ffffff"
  context.fillRect(0, 0, context.width, context.height)
  context.fillStyle = INK
  context.textAlign = "left"
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

// The part of a box that its content takes.
function tight(element, box) {
  const range = document.createRange()
  range.selectNodeContents(element)
  const width = Math.min(box.right, range.getBoundingClientRect().right) - box.left
  return { left: box.left, top: box.top, width: width > 0 ? width : box.width, height: box.height }
}

// HTML: grounds, lines, colour ramps, canvases and every word where the browser has put it.
function paintWords(context, root, origin) {
  const held = root.getBoundingClientRect()
  const isSeen = (box) => box.width > 0 && box.top >= held.top - 1 && box.bottom <= held.bottom + 1
  const paint = (element, seen) => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect()
    if (style.display === "none" || style.visibility === "hidden") return
    context.save()
    context.globalAlpha = seen * Number(style.opacity)
    const inside = box.bottom > held.top && box.top < held.bottom
    if (inside) {
      const whole = { left: box.left - origin.left, top: Math.max(box.top, held.top) - origin.top, width: box.width }
      whole.height = Math.min(box.bottom, held.bottom) - origin.top - whole.top
      if (style.display !== "inline") paintBox(context, style, whole)
      if (element.tagName === "CANVAS") {
        context.imageSmoothingEnabled = style.imageRendering !== "pixelated"
        context.drawImage(element, 0, 0, element.width, element.height, whole.left, whole.top, box.width, box.height)
      }
      for (const node of element.childNodes) {
        if (node.nodeType === Node.ELEMENT_NODE && !(node instanceof SVGElement)) paint(node, context.globalAlpha)
        else if (node.nodeType === Node.TEXT_NODE) paintText(context, style, node, origin, isSeen)
      }
    }
    context.restore()
  }
  paint(root, 1)
}

function paintBox(context, style, { left, top, width, height }) {
  const ramp = style.backgroundImage.match(/^linear-gradient\(to right, (.*)\)$/)
  if (ramp) paintRamp(context, ramp[1].match(/rgba?\([^)]*\)|#[0-9a-f]+/g), { left, top, width, height })
  else if (!/^(rgba\(.*, 0\)|transparent)$/.test(style.backgroundColor)) {
    context.fillStyle = style.backgroundColor
    context.fillRect(left, top, width, height)
  }
  const sides = { Top: [0, 0, 1, 0], Right: [1, 0, 1, 1], Bottom: [0, 1, 1, 1], Left: [0, 0, 0, 1] }
  for (const [side, [x0, y0, x1, y1]] of Object.entries(sides)) {
    const thick = parseFloat(style[`border${side}Width`])
    if (!thick || style[`border${side}Style`] === "none") continue
    context.strokeStyle = style[`border${side}Color`]
    context.lineWidth = thick
    context.beginPath()
    context.moveTo(left + x0 * width, top + y0 * height)
    context.lineTo(left + x1 * width, top + y1 * height)
    context.stroke()
  }
}

// A colour ramp in slices of two pixels, which overlap lest the ground shows between them.
function paintRamp(context, colours, { left, top, width, height }) {
  const stops = colours.map((colour) => (colour.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : colour.match(/[\d.]+/g).slice(0, 3).map(Number)))
  for (let x = 0; x < width; x += 2) {
    const at = ((x + 1) / width) * (stops.length - 1), from = Math.min(stops.length - 2, Math.floor(at))
    const mixed = stops[from].map((value, i) => Math.round(value + (stops[from + 1][i] - value) * (at - from)))
    context.fillStyle = `rgb(${mixed.join(",")})`
    context.fillRect(left + x, top, Math.min(3, width - x), height)
  }
}

// Words stand line by line as the browser broke them.
function paintText(context, style, node, origin, isSeen) {
  const range = document.createRange()
  const lines = []
  for (const word of node.data.matchAll(/\S+/g)) {
    range.setStart(node, word.index)
    range.setEnd(node, word.index + word[0].length)
    const box = range.getBoundingClientRect()
    if (!isSeen(box)) continue
    const line = lines.at(-1)
    if (line && Math.abs(line.middle - (box.top + box.height / 2)) < 3) line.text += ` ${word[0]}`
    else lines.push({ text: word[0], left: box.left, middle: box.top + box.height / 2 })
  }
  context.fillStyle = style.color
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`
  context.textAlign = "left"
  for (const { text, left, middle } of lines) context.fillText(text, left - origin.left, middle - origin.top)
}
