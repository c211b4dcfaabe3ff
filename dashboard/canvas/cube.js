// The cube: class x iteration on top, layer x iteration at the side, class x layer in front, on one
// canvas. It turns between the oblique view and its faces laid flat; picked planes move in.

const AXES = { class: "class", layer: "layer", time: "iteration" }
const PARTS = { class: "image", layer: "filter", time: "" }
const SETTLED = 0.002

class Cube {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.strip = new CubeStrip(this)
    this.canvas = document.createElement("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "application")
    this.canvas.setAttribute("aria-roledescription", "cube of three linked charts")
    this.stage = document.createElement("div")
    this.stage.className = "dt-root"
    this.stage.append(this.canvas)
    this.spoken = document.createElement("div")
    this.spoken.className = "dt-spoken"
    this.spoken.setAttribute("aria-live", "polite")
    root.append(this.strip.bar, this.strip.legend, this.stage, this.spoken)
    this.readout = readout(this.stage)
    // For pictures: the cube, and under it what the strip says of its colours.
    this.stage.dtSize = () => ({ width: this.stage.clientWidth, height: this.height + 64 })
    this.stage.dtPaint = (context) => {
      this.drawOn(context)
      this.strip.paintLegend(context, this.height)
    }
    this.flat = model.flat / 100
    this.cuts = { class: 1, layer: 0, time: 0 }
    this.windows = {}
    this.loaded = {}
    this.pictures = {}
    this.loads = {}
    this.count = 0
    this.hands = new CubeHands(this)
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(this.stage)
  }

  // Take over what the server sent.
  load() {
    const { model } = this
    for (const name of Object.keys(FACE_AXES)) {
      if (this.loaded[name] === model[name]) continue
      this.loaded[name] = model[name]
      this.pictures[name] = new FacePicture(model[name], model.palettes)
      this.loads[name] = (this.loads[name] || 0) + 1
    }
    if (this.loadedView !== model.view) {
      this.loadedView = model.view
      this.windows = Object.fromEntries(Object.entries(model.view).map(([axis, { first, last }]) => (
        [axis, { first, last }]
      )))
    }
    if (this.loadedFlat !== model.flat) {
      this.loadedFlat = model.flat
      this.turnTo(model.flat / 100)
    }
  }

  length(axis) { return this.model.items[axis].labels.length }

  // Where a plane stands in the window, 0..1, or null where it is not in it.
  planeOf(axis, side) {
    const item = this.model.picks[axis]
    const { first, last } = this.windows[axis]
    return item >= first && item < last ? (item + side - first) / (last - first) : null
  }

  // Where the planes are to be: before the picked item, so that its cells can be seen.
  wantedCuts() {
    return {
      class: this.planeOf("class", 1) ?? 1,
      layer: this.planeOf("layer", 0) ?? 0,
      time: this.planeOf("time", 0) ?? 0,
    }
  }

  turnTo(flat) {
    this.wantedFlat = flat
    if (this.still) this.flat = flat
    this.draw()
  }

  get still() { return !this.geometry || matchMedia("(prefers-reduced-motion: reduce)").matches }

  // Come nearer to where the cube is to be; true when it is there.
  approach() {
    const now = performance.now()
    const share = this.still ? 1 : 1 - Math.exp(-Math.min(60, now - (this.before ?? now - 16)) / 80)
    this.before = now
    const wanted = this.wantedCuts()
    let settled = true
    const near = (value, goal) => {
      if (Math.abs(goal - value) < SETTLED) return goal
      settled = false
      return value + (goal - value) * share
    }
    this.flat = near(this.flat, this.wantedFlat ?? this.flat)
    for (const axis of Object.keys(wanted)) this.cuts[axis] = near(this.cuts[axis], wanted[axis])
    if (settled) this.before = undefined
    return settled
  }

  draw() {
    const width = this.stage.clientWidth
    const { model } = this
    if (!width || !model.front.codes || !model.view.class) return
    this.load()
    const settled = this.approach()
    this.fit()
    this.geometry = cubeGeometry(width, this.height, this.flat)
    this.drawOn(crisp(this.canvas, width, this.height))
    this.strip.update()
    this.report(settled)
    if (!settled && !this.waiting) {
      this.waiting = requestAnimationFrame(() => { this.waiting = null; this.draw() })
    }
  }

  // On the whole screen the cube takes the height that there is.
  fit() {
    const { model, root, stage } = this
    const room = screenRoom(stage)
    this.height = Math.max(model.height, room)
    const above = stage.getBoundingClientRect().top - root.getBoundingClientRect().top
    reserve(root, room && above + this.height)
  }

  drawOn(context) {
    this.cut = cutFaces(this.geometry, this.cuts)
    const hull = hullFaces(this.geometry)
    this.faces = this.cut.isCut ? [...hull, ...this.cut.faces] : hull
    if (this.cut.isCut) {
      // What the planes have cut away stays in sight, pale and behind what is left.
      hull.forEach((face) => this.paint(context, face, 0.3))
      hull.forEach((face) => this.outline(context, face, OUTLINE, 1))
      this.planes(context)
    }
    this.cut.faces.forEach((face) => this.paint(context, face, 1))
    this.cut.faces.forEach((face) => this.outline(context, face, this.cut.isCut ? PICK : OUTLINE, 1.2))
    if (!this.cut.isCut) this.planes(context)
    this.labels(context)
    this.navigators(context)
    if (this.cursor) this.drawCursor(context)
  }

  paint(context, face, alpha) {
    const [u, v] = FACE_AXES[face.name]
    const windows = { u: this.windows[u], v: this.windows[v] }
    this.pictures[face.name].paint(context, face, windows, alpha)
  }

  stroke(context, points, closed) {
    context.beginPath()
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)))
    if (closed) context.closePath()
    context.stroke()
  }

  outline(context, { matrix, region: [u0, v0, u1, v1] }, colour, width) {
    context.strokeStyle = colour
    context.lineWidth = width
    const corners = [[u0, v0], [u1, v0], [u1, v1], [u0, v1]]
    this.stroke(context, corners.map(([u, v]) => placeOn(matrix, u, v)), true)
  }

  // The picked class, layer and iteration: lines on both sides of their cells on each hull face.
  planes(context) {
    const { faces } = this.geometry
    context.strokeStyle = PICK
    context.lineWidth = 1
    context.setLineDash(this.cut.isCut ? [4, 3] : [])
    for (const [name, axes] of Object.entries(FACE_AXES)) {
      axes.forEach((axis, i) => {
        const from = this.planeOf(axis, 0)
        if (from === null) return
        const matrix = faces[name]
        // Thin cells are framed with a little room, lest the lines hide them.
        const long = i ? Math.hypot(matrix[2], matrix[3]) : Math.hypot(matrix[0], matrix[1])
        const room = Math.max(0, 4 / long - (this.planeOf(axis, 1) - from)) / 2
        for (const at of [from - room, this.planeOf(axis, 1) + room]) {
          const ends = i ? [[0, at], [1, at]] : [[at, 0], [at, 1]]
          this.stroke(context, ends.map(([u, v]) => placeOn(matrix, u, v)))
        }
      })
    }
    context.setLineDash([])
  }

  // Items to label: as many as have room, and the picked one.
  labelled(axis, room) {
    const { first, last } = this.windows[axis]
    const step = Math.max(1, Math.ceil((last - first) / Math.max(1, Math.floor(room))))
    const picked = this.model.picks[axis]
    const found = []
    for (let item = first; item < last; item++) {
      const near = picked >= first && picked < last && Math.abs(item - picked) < step
      if (item === picked || ((item - first) % step === 0 && !near)) found.push(item)
    }
    return found
  }

  share(axis, item) {
    const { first, last } = this.windows[axis]
    return (item + 0.5 - first) / (last - first)
  }

  label(context, axis, item) {
    const part = this.model.items[axis].parts[item]
    const picked = item === this.model.picks[axis]
    context.fillStyle = picked ? PICK : part ? FAINT : INK
    context.font = picked ? `600 ${FONT}` : FONT
    return this.model.items[axis].labels[item]
  }

  labels(context) {
    this.layerLabels(context)
    this.classLabels(context)
    this.timeLabels(context)
    context.font = FONT
  }

  layerLabels(context) {
    const { x, y, h } = this.geometry
    const { labels, parts, open } = this.model.items.layer
    context.textAlign = "right"
    for (const item of this.labelled("layer", h / 11.5)) {
      const text = this.label(context, "layer", item)
      const at = y + h * this.share("layer", item)
      context.fillText(fitted(context, text, 126), x - 20, at)
      if (!parts[item]) this.caret(context, x - 13, at, open === labels[item])
    }
    this.title(context, "layer", 12, y + h / 2, -Math.PI / 2)
  }

  caret(context, x, y, open) {
    context.fillStyle = FAINT
    context.beginPath()
    if (open) { context.moveTo(x - 1, y - 2.5); context.lineTo(x + 7, y - 2.5); context.lineTo(x + 3, y + 3) }
    else { context.moveTo(x, y - 4); context.lineTo(x + 5.5, y); context.lineTo(x, y + 4) }
    context.fill()
  }

  classLabels(context) {
    const { x, y, w, h } = this.geometry
    const { first, last } = this.windows.class
    const { labels } = this.model.items.class
    const shown = this.labelled("class", w / 14)
    const widest = Math.max(...shown.map((item) => context.measureText(labels[item].replace(/^class /, "")).width))
    // Names too wide for their column lean, so that more of them can be read.
    const leaning = widest + 8 > (w / (last - first)) * Math.max(1, (last - first) / shown.length)
    for (const item of shown) {
      // The axis says that they are classes.
      const name = this.label(context, "class", item).replace(/^class /, "")
      const text = fitted(context, name, leaning ? 74 : 90)
      const at = x + w * this.share("class", item)
      context.textAlign = leaning ? "right" : "center"
      context.save()
      context.translate(at + (leaning ? 3 : 0), y + h + (leaning ? 8 : 12))
      if (leaning) context.rotate(-Math.PI / 3.6)
      context.fillText(text, 0, 0)
      context.restore()
    }
    this.title(context, "class", x + w / 2, y + h + (leaning ? 20 + 0.75 * Math.min(74, widest) : 32), 0)
  }

  timeLabels(context) {
    const { along, up, h, flat } = this.geometry
    const { side, top } = this.geometry.faces
    const room = Math.max(Math.abs(along.y) / 14, along.x / 56)
    context.textAlign = flat > 0.5 ? "center" : "left"
    for (const item of this.labelled("time", room)) {
      const [x, y] = placeOn(side, this.share("time", item), 1)
      context.fillText(this.label(context, "time", item), x + mix(7, 0, flat), y + mix(7, 12, flat))
    }
    const [x, y] = placeOn(side, 0.5, 1)
    this.title(context, "iteration", x + mix(58, 0, flat), y + mix(28, 30, flat), 0)
    if (flat < 0.75) return
    context.globalAlpha = (flat - 0.75) * 4
    context.textAlign = "right"
    for (const item of this.labelled("time", Math.abs(up.y) / 14)) {
      const [left, middle] = placeOn(top, 0, this.share("time", item))
      context.fillText(this.label(context, "time", item), left - 7, middle)
    }
    const [left, middle] = placeOn(top, 0, 0.5)
    this.title(context, "iteration", Math.min(left - 60, 72), middle, -Math.PI / 2)
    context.globalAlpha = 1
  }

  title(context, words, x, y, turn) {
    context.save()
    context.translate(x, y)
    context.rotate(turn)
    context.textAlign = "center"
    context.fillStyle = INK
    context.font = `600 ${FONT}`
    context.fillText(words, 0, 0)
    context.restore()
    context.font = FONT
  }

  // Where an axis shows a part only, a bar tells which; it can be dragged.
  navigators(context) {
    const { x, y, w, h } = this.geometry
    this.bars = {}
    for (const [axis, box] of Object.entries({
      class: [x, this.height - 7, w, 5], layer: [1, y, 5, h],
    })) {
      const count = this.length(axis)
      const { first, last } = this.windows[axis]
      if (last - first >= count) continue
      this.bars[axis] = box
      context.fillStyle = LINE
      context.fillRect(...box)
      context.fillStyle = ACCENT
      const [from, share] = [first / count, (last - first) / count]
      if (axis === "class") context.fillRect(box[0] + w * from, box[1], Math.max(8, w * share), 5)
      else context.fillRect(box[0], box[1] + h * from, 5, Math.max(8, h * share))
    }
  }

  // The corners of a range of items on a hull face.
  corners(name, from, to) {
    const [u, v] = FACE_AXES[name]
    const at = (axis, item) => {
      const { first, last } = this.windows[axis]
      return (item - first) / (last - first)
    }
    return [[from[0], from[1]], [to[0], from[1]], [to[0], to[1]], [from[0], to[1]]]
      .map(([i, j]) => placeOn(this.geometry.faces[name], at(u, i), at(v, j)))
  }

  drawCursor(context) {
    const cell = this.cell({ name: this.cursor.name, ...this.cursorShares() })
    context.strokeStyle = ACCENT
    context.lineWidth = 2
    const [u, v] = cell.ranges
    this.stroke(context, this.corners(cell.name, [u.first, v.first], [u.last, v.last]), true)
  }

  cursorShares() {
    const [u, v] = FACE_AXES[this.cursor.name]
    return { u: this.share(u, this.cursor.items[0]), v: this.share(v, this.cursor.items[1]) }
  }

  // The cell under a place of a face: its items, and its number.
  cell({ name, u, v }) {
    const picture = this.pictures[name]
    const axes = FACE_AXES[name]
    const ranges = [[u, picture.u, picture.width], [v, picture.v, picture.height]].map(([at, axis, cells], i) => {
      const { first, last } = this.windows[axes[i]]
      const item = Math.min(last - 1, first + Math.floor(at * (last - first)))
      const cell = Math.min(cells - 1, Math.max(0, Math.floor((item - axis.first) / axis.step)))
      const start = axis.first + cell * axis.step
      return { cell, first: start, last: Math.min(start + axis.step, axis.last) }
    })
    const place = ranges[1].cell * picture.width + ranges[0].cell
    return { name, axes, ranges, place, value: picture.value(place), picture }
  }

  named(axis, { first, last }) {
    const { labels, parts } = this.model.items[axis]
    const word = parts[first] ? PARTS[axis] : AXES[axis]
    const name = (item) => (labels[item].startsWith(word) ? labels[item] : `${word} ${labels[item]}`)
    return last - first > 1 ? `${name(first)} to ${labels[last - 1]}` : name(first)
  }

  // What a cell says, in words.
  told(cell) {
    const { picture, ranges, axes, value, place } = cell
    const several = ranges.some(({ first, last }) => last - first > 1)
    const lines = [axes.map((axis, i) => this.named(axis, ranges[i])).join(", ")]
    if (Number.isNaN(value)) lines.push(picture.nothing)
    else lines.push(`${picture.label}: ${several ? picture.most : ""}${number(value)}`)
    for (const [name, codes] of picture.also) {
      if (codes[place] !== NOTHING) lines.push(`${name}: ${number(codes[place] / (NOTHING - 1))}`)
    }
    if (picture.hatched && !Number.isNaN(value)) {
      lines.push(picture.faded[place] ? "not significant" : "significant")
    } else if (picture.faded && picture.faded[place]) lines.push(picture.faded_label)
    return lines
  }

  // Show all of every axis, whatever zoom is still on its way to the server.
  showWhole() {
    this.hands.forget("window")
    for (const axis of Object.keys(AXES)) this.windows[axis] = { first: 0, last: this.length(axis) }
    this.draw()
    this.send({ type: "whole" })
  }

  send(event) {
    this.count += 1
    this.model.event = { ...event, count: this.count }
  }

  // What is drawn, for tests and for assistive tools.
  report(settled) {
    const { model } = this
    this.root.dataset.testid = "cube"
    this.canvas.setAttribute("aria-label", model.description)
    const shown = (axis) => this.windows[axis].last - this.windows[axis].first
    this.root.dataset.state = JSON.stringify({
      faces: this.geometry.faces, solid: this.cut.faces, cut: this.cut.isCut, settled,
      flat: Math.round(100 * this.flat), windows: this.windows,
      classes: shown("class"), layers: shown("layer"), iterations: shown("time"),
      cells: Object.fromEntries(Object.entries(this.pictures).map(([name, p]) => [name, [p.width, p.height]])),
      picks: { class_: model.picks.class, layer: model.picks.layer, iteration: model.picks.time },
      titles: Object.fromEntries(Object.entries(this.pictures).map(([name, p]) => [name, p.title])),
      dark: DARK, loads: this.loads,
    })
  }
}

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = STYLE + CUBE_STYLE
  const root = document.createElement("div")
  el.append(style, root)
  const cube = new Cube(model, root)
  let waiting = false
  const later = () => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => { waiting = false; cube.draw() })
  }
  model.on(["top", "side", "front", "view", "items", "picks", "flat", "description"], later)
  const forgets = [onTheme(later), onFullScreen(later)]
  model.on("remove", () => { cube.observer.disconnect(); forgets.forEach((forget) => forget()) })
  later()
}
