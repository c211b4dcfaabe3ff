// The cube: class x iteration on top, layer x iteration at the side, class x layer in front, drawn
// as three sheared rasters on one canvas. A click goes back through the inverse of a face's matrix.

class Cube {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.canvas = document.createElement("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "img")
    root.appendChild(this.canvas)
    this.readout = readout(root)
    this.count = 0
    this.canvas.addEventListener("pointermove", (event) => this.hover(event))
    this.canvas.addEventListener("pointerleave", () => this.readout.hide())
    this.canvas.addEventListener("click", (event) => this.click(event))
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(root)
  }

  // Classes run to the right, layers downwards, iterations into the depth (up and to the right).
  geometry(width) {
    const height = this.model.height
    const left = 128, right = 70, top = 42, bottom = 66
    const depth = { x: Math.min(0.42 * (width - left - right), 300), y: -0.36 * (height - top - bottom) }
    const front = { w: width - left - right - depth.x, h: height - top - bottom + depth.y }
    const origin = { x: left, y: top - depth.y }
    this.origin = origin
    this.depth = depth
    this.front = front
    // Each matrix takes (u, v) in 0..1 to the canvas.
    const faces = {
      front: [front.w, 0, 0, front.h, origin.x, origin.y],
      top: [front.w, 0, depth.x, depth.y, origin.x, origin.y],
      side: [depth.x, depth.y, 0, front.h, origin.x + front.w, origin.y],
    }
    return faces
  }

  load() {
    if (this.loaded === this.model.faces) return
    this.loaded = this.model.faces
    this.pictures = {}
    for (const [name, face] of Object.entries(this.model.faces)) {
      const pixels = new Uint8ClampedArray(new Uint8Array(face.rgba))
      const canvas = new OffscreenCanvas(face.width, face.height)
      canvas.getContext("2d").putImageData(new ImageData(pixels, face.width, face.height), 0, 0)
      this.pictures[name] = canvas
    }
  }

  draw() {
    const width = this.root.clientWidth
    if (!width || !Object.keys(this.model.faces).length) return
    this.load()
    this.faces = this.geometry(width)
    const ratio = window.devicePixelRatio || 1
    const context = crisp(this.canvas, width, this.model.height)
    for (const name of ["top", "side", "front"]) {
      const [a, b, c, d, e, f] = this.faces[name]
      const picture = this.pictures[name]
      context.save()
      context.setTransform(ratio * a / picture.width, ratio * b / picture.width,
        ratio * c / picture.height, ratio * d / picture.height, ratio * e, ratio * f)
      context.imageSmoothingEnabled = false
      context.drawImage(picture, 0, 0)
      context.restore()
      this.outline(context, name)
    }
    this.planes(context)
    this.labels(context)
    this.root.dataset.testid = "cube"
    this.canvas.setAttribute("aria-label", this.model.description)
    this.root.dataset.state = JSON.stringify({
      faces: this.faces, classes: this.model.classes.length, layers: this.model.layers.length,
      first: this.model.first, last: this.model.last, picks: this.model.picks, sliced: this.model.sliced,
    })
  }

  at(name, u, v) {
    const [a, b, c, d, e, f] = this.faces[name]
    return [a * u + c * v + e, b * u + d * v + f]
  }

  outline(context, name) {
    context.strokeStyle = OUTLINE
    context.lineWidth = 1
    context.beginPath()
    for (const [i, [u, v]] of [[0, 0], [1, 0], [1, 1], [0, 1]].entries()) {
      const [x, y] = this.at(name, u, v)
      if (i) context.lineTo(x, y); else context.moveTo(x, y)
    }
    context.closePath()
    context.stroke()
  }

  stroke(context, points) {
    context.beginPath()
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)))
    context.stroke()
  }

  // The picked planes: a line on each face that they cut.
  planes(context) {
    const { iteration, class_, layer } = this.model.picks
    const count = this.model.last - this.model.first + 1
    context.strokeStyle = PICK
    context.lineWidth = 1.6
    if (iteration >= this.model.first && iteration <= this.model.last) {
      const t = (iteration - this.model.first + 0.5) / count
      this.stroke(context, [this.at("top", 0, t), this.at("top", 1, t), this.at("side", t, 1)])
    }
    if (class_ >= 0) {
      const u = (class_ + 0.5) / this.model.classes.length
      this.stroke(context, [this.at("front", u, 1), this.at("front", u, 0), this.at("top", u, 1)])
    }
    if (layer >= 0) {
      const v = (layer + 0.5) / this.model.layers.length
      this.stroke(context, [this.at("front", 0, v), this.at("front", 1, v), this.at("side", 1, v)])
    }
  }

  labels(context) {
    const { model, front, origin } = this
    context.fillStyle = FAINT
    const every = (count, room, size) => Math.max(1, Math.ceil((count * size) / room))
    context.textAlign = "right"
    const layerStep = every(model.layers.length, front.h, 13)
    model.layers.forEach((name, i) => {
      if (i % layerStep) return
      const [x, y] = this.at("front", 0, (i + 0.5) / model.layers.length)
      context.fillStyle = i === model.picks.layer ? PICK : FAINT
      context.fillText(fitted(context, name, 100), x - 6, y)
    })
    const classStep = every(model.classes.length, front.w, 16)
    model.classes.forEach((name, i) => {
      if (i % classStep) return
      const [x, y] = this.at("front", (i + 0.5) / model.classes.length, 1)
      context.fillStyle = i === model.picks.class_ ? PICK : FAINT
      context.textAlign = "center"
      context.fillText(fitted(context, name, 60), x, y + 11)
    })
    context.fillStyle = FAINT
    context.textAlign = "left"
    const count = model.last - model.first + 1
    const step = every(count, Math.hypot(this.depth.x, this.depth.y), 30)
    for (let i = 0; i < count; i += step) {
      const [x, y] = this.at("side", (i + 0.5) / count, 1)
      context.fillText(model.iterations[model.first + i].toLocaleString("en"), x + 6, y + 8)
    }
    context.fillStyle = INK
    context.font = `600 ${FONT}`
    context.textAlign = "center"
    context.fillText("class", origin.x + front.w / 2, origin.y + front.h + 30)
    context.textAlign = "left"
    const [x, y] = this.at("side", 0.5, 1)
    context.fillText("iteration", x + 46, y + 22)
    context.save()
    context.translate(12, origin.y + front.h / 2)
    context.rotate(-Math.PI / 2)
    context.textAlign = "center"
    context.fillText("layer", 0, 0)
    context.restore()
    context.font = FONT
  }

  // Which face is under a point, and where on it.
  hit(event) {
    const bounds = this.canvas.getBoundingClientRect()
    const x = event.clientX - bounds.left, y = event.clientY - bounds.top
    for (const name of ["front", "top", "side"]) {
      const [a, b, c, d, e, f] = this.faces[name]
      const det = a * d - b * c
      const u = (d * (x - e) - c * (y - f)) / det, v = (a * (y - f) - b * (x - e)) / det
      if (u >= 0 && u < 1 && v >= 0 && v < 1) return { name, u, v, x, y }
    }
    return null
  }

  cell({ name, u, v }) {
    const { model } = this
    const count = model.last - model.first + 1
    const class_ = Math.floor(u * model.classes.length)
    const layer = Math.floor(v * model.layers.length)
    if (name === "front") return { class_, layer }
    if (name === "top") return { class_, iteration: model.first + Math.floor(v * count) }
    return { layer, iteration: model.first + Math.floor(u * count) }
  }

  hover(event) {
    const hit = this.faces && this.hit(event)
    this.canvas.style.cursor = hit ? "pointer" : "default"
    if (!hit) { this.readout.hide(); return }
    const cell = this.cell(hit)
    const face = this.model.faces[hit.name]
    const values = new Float32Array(new Uint8Array(face.values).buffer)
    const { model } = this
    const count = model.last - model.first + 1
    const words = []
    let place
    if (hit.name === "front") {
      place = cell.layer * model.classes.length + cell.class_
      words.push(`class ${model.classes[cell.class_]}, layer ${model.layers[cell.layer]}`)
    } else if (hit.name === "top") {
      place = (cell.iteration - model.first) * model.classes.length + cell.class_
      words.push(`class ${model.classes[cell.class_]}, iteration ${model.iterations[cell.iteration].toLocaleString("en")}`)
    } else {
      place = cell.layer * count + (cell.iteration - model.first)
      words.push(`layer ${model.layers[cell.layer]}, iteration ${model.iterations[cell.iteration].toLocaleString("en")}`)
    }
    words.push(`${face.label}: ${number(values[place])}`)
    this.readout.show(words, hit.x, hit.y)
  }

  click(event) {
    const hit = this.faces && this.hit(event)
    if (!hit) return
    this.count += 1
    this.model.event = { face: hit.name, ...this.cell(hit), count: this.count }
  }
}

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = STYLE
  const root = document.createElement("div")
  root.className = "dt-root"
  el.append(style, root)
  const cube = new Cube(model, root)
  const later = () => requestAnimationFrame(() => cube.draw())
  model.on(["faces", "picks", "first", "last"], later)
  const forget = onTheme(later)
  model.on("remove", () => { cube.observer.disconnect(); forget() })
  later()
}
