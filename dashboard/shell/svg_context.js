// A canvas context that writes SVG: what the charts of this app use of a context, and no more.

class SvgContext {
  constructor(width, height) {
    Object.assign(this, { width, height, parts: [], steps: [], clips: 0, stack: [] })
    this.measure = document.createElement("canvas").getContext("2d")
    this.state = { matrix: [1, 0, 0, 1, 0, 0], fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, font: FONT, textAlign: "left", textBaseline: "middle", globalAlpha: 1, dash: [], clip: "" }
    for (const name of ["fillStyle", "strokeStyle", "lineWidth", "font", "textAlign", "textBaseline", "globalAlpha"]) {
      Object.defineProperty(this, name, {
        get: () => this.state[name], set: (value) => { this.state[name] = value },
      })
    }
  }

  save() { this.stack.push({ ...this.state }) }
  restore() { this.state = this.stack.pop() || this.state }
  translate(x, y) { this.transform(1, 0, 0, 1, x, y) }
  scale(x, y) { this.transform(x, 0, 0, y, 0, 0) }
  rotate(angle) { const c = Math.cos(angle), s = Math.sin(angle); this.transform(c, s, -s, c, 0, 0) }
  transform(a, b, c, d, e, f) {
    const [A, B, C, D, E, F] = this.state.matrix
    this.state.matrix = [A * a + C * b, B * a + D * b, A * c + C * d, B * c + D * d, A * e + C * f + E, B * e + D * f + F]
  }
  setTransform(...matrix) { this.state.matrix = matrix }
  setLineDash(dash) { this.state.dash = dash }
  measureText(text) { this.measure.font = this.state.font; return this.measure.measureText(text) }

  // Paths keep the matrix under which each point was named, as a canvas does.
  point(x, y) {
    const [a, b, c, d, e, f] = this.state.matrix
    return `${round(a * x + c * y + e)} ${round(b * x + d * y + f)}`
  }
  beginPath() { this.steps = [] }
  moveTo(x, y) { this.steps.push(`M${this.point(x, y)}`) }
  lineTo(x, y) { this.steps.push(`${this.steps.length ? "L" : "M"}${this.point(x, y)}`) }
  closePath() { this.steps.push("Z") }
  rect(x, y, w, h) {
    this.steps.push(`M${this.point(x, y)}L${this.point(x + w, y)}L${this.point(x + w, y + h)}L${this.point(x, y + h)}Z`)
  }
  arc(x, y, r, from, to) {
    const at = (angle) => this.point(x + r * Math.cos(angle), y + r * Math.sin(angle))
    const middle = (from + to) / 2
    this.steps.push(`${this.steps.length ? "L" : "M"}${at(from)}A${r} ${r} 0 0 1 ${at(middle)}A${r} ${r} 0 0 1 ${at(to)}`)
  }

  add(tag, attributes, content = "") {
    const { clip, globalAlpha } = this.state
    const all = { ...attributes, ...(globalAlpha < 1 && { opacity: globalAlpha }) }
    const written = Object.entries(all).map(([k, v]) => `${k}="${escaped(String(v))}"`).join(" ")
    const made = `<${tag} ${written}>${content}</${tag}>`
    // Around it, lest what it is transformed by moves the clip's path too.
    this.parts.push(clip ? `<g clip-path="url(#${clip})">${made}</g>` : made)
  }
  fill() { if (this.steps.length) this.add("path", { d: this.steps.join(""), fill: this.state.fillStyle }) }
  stroke() {
    if (!this.steps.length) return
    const { strokeStyle, lineWidth, dash } = this.state
    this.add("path", { d: this.steps.join(""), fill: "none", stroke: strokeStyle, "stroke-width": lineWidth, ...(dash.length && { "stroke-dasharray": dash.join(" ") }) })
  }
  alone(draw, x, y, w, h) {
    const kept = this.steps
    this.steps = []
    this.rect(x, y, w, h)
    draw.call(this)
    this.steps = kept
  }
  fillRect(x, y, w, h) { this.alone(this.fill, x, y, w, h) }
  strokeRect(x, y, w, h) { this.alone(this.stroke, x, y, w, h) }
  clearRect() {}
  clip() {
    this.clips += 1
    const name = `clip${this.clips}`
    this.parts.push(`<clipPath id="${name}"><path d="${this.steps.join("")}"/></clipPath>`)
    this.state.clip = name
  }
  get matrix() { return `matrix(${this.state.matrix.map(round).join(" ")})` }
  fillText(text, x, y) {
    const anchor = { center: "middle", right: "end", end: "end" }[this.state.textAlign] || "start"
    this.add("text", { x: round(x), y: round(y), fill: this.state.fillStyle, style: `font:${this.state.font}`, "text-anchor": anchor, "dominant-baseline": "central", transform: this.matrix }, escaped(text))
  }
  // A picture's pixels stay pixels: they go in as a PNG, unblended.
  drawImage(image, ...places) {
    const [sx, sy, sw, sh, x, y, w, h] = places.length === 8 ? places
      : [0, 0, image.width, image.height, places[0], places[1], places[2] ?? image.width, places[3] ?? image.height]
    const canvas = document.createElement("canvas")
    canvas.width = Math.max(1, Math.round(sw))
    canvas.height = Math.max(1, Math.round(sh))
    const context = canvas.getContext("2d")
    context.imageSmoothingEnabled = false
    context.drawImage(image, sx, sy, sw, sh, 0, 0, canvas.width, canvas.height)
    this.add("image", { x: round(x), y: round(y), width: round(w), height: round(h), preserveAspectRatio: "none", style: "image-rendering:pixelated", transform: this.matrix, href: canvas.toDataURL("image/png") })
  }

  // Graphics that draw themselves, such as a figure of Bokeh's, as they are.
  embed(markup) { this.parts.push(`<g transform="${this.matrix}">${markup}</g>`) }

  text(title) {
    return `<svg xmlns="${NAMESPACE}" width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}"><title>${escaped(title)}</title>${this.parts.join("\n")}</svg>`
  }
}

function round(value) { return Math.round(value * 100) / 100 }

function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }[sign]))
}
