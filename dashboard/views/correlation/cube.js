// The cube: class x iteration on top, layer x iteration at the side, class x layer in front, on one
// canvas. It turns between the oblique view and its faces laid flat; picked planes move in.

const AXES = { class: "class", layer: "layer", time: "iteration" }
const PARTS = { class: "image", layer: "filter", time: "" }
const SETTLED = 0.002
// On a low window the cube is no lower than this; what stands below it at the page's end is as high
// as that.
const LEAST_HEIGHT = 320, BELOW = 44

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
    this.stage.dtSize = () => ({ width: this.stage.clientWidth, height: this.pictureHeight + 64 })
    this.stage.dtPaint = (context) => this.paintPicture(context)
    this.flat = model.flat / 100
    this.cuts = { class: 1, layer: 0, time: 0 }
    this.windows = {}
    this.loaded = {}
    this.pictures = {}
    this.loads = {}
    this.count = 0
    this.labels = new CubeLabels(this)
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

  scaleOf(axis, window) {
    return axis === "time" ? new TimeScale(window, this.model.items.time.iterations) : new EvenScale(window)
  }

  // Where a plane stands in the window, 0..1, or null where it is not in it.
  planeOf(axis, side) {
    const item = this.model.picks[axis]
    const { first, last } = this.windows[axis]
    return item >= first && item < last ? this.scales[axis].edge(item + side) : null
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
    this.scales = Object.fromEntries(Object.entries(this.windows).map(([axis, window]) => [axis, this.scaleOf(axis, window)]))
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

  // On the whole screen the cube takes the height that there is. On a page it is whole in sight under
  // what stays on top, and the list beside it is as high.
  fit() {
    const { model, root, stage } = this
    const room = screenRoom(stage)
    this.height = room ? Math.max(model.height, room) : Math.min(model.height, this.roomUnderTop())
    const above = stage.getBoundingClientRect().top - root.getBoundingClientRect().top
    reserve(root, room && above + this.height)
    document.documentElement.style.setProperty("--dt-cube", `${Math.round(above + this.height)}px`)
  }

  // A picture is as high as on a high window.
  get pictureHeight() { return Math.max(this.height, this.model.height) }

  paintPicture(context) {
    this.height = this.pictureHeight
    this.geometry = cubeGeometry(this.stage.clientWidth, this.height, this.flat)
    this.drawOn(context)
    this.strip.paintLegend(context, this.height)
    this.draw()
  }

  roomUnderTop() {
    const top = topOf(this.stage)
    if (top && top !== this.top) this.observer.observe(top)
    this.top = top
    return Math.max(LEAST_HEIGHT, window.innerHeight - (top?.offsetHeight || 0) - BELOW)
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
    this.labels.draw(context)
    if (this.cursor) this.drawCursor(context)
  }

  paint(context, face, alpha) {
    const [u, v] = FACE_AXES[face.name]
    this.pictures[face.name].paint(context, face, { u: this.scales[u], v: this.scales[v] }, alpha)
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

  share(axis, item) { return this.scales[axis].centre(item) }

  // The corners of a range of items on a hull face.
  corners(name, from, to) {
    const [u, v] = FACE_AXES[name]
    const at = (axis, item) => this.scales[axis].edge(item)
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
      const item = Math.min(this.windows[axes[i]].last - 1, Math.floor(this.scales[axes[i]].item(at)))
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
      dark: DARK, spacing: this.scales.time.isTrue ? "true" : "ordinal", loads: this.loads,
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
  document.addEventListener("dt-spacing", later)
  const forgets = [onTheme(later), onFullScreen(later), () => document.removeEventListener("dt-spacing", later)]
  model.on("remove", () => { cube.observer.disconnect(); forgets.forEach((forget) => forget()) })
  later()
}
