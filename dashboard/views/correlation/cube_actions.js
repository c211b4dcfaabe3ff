// What a person does with the cube: point, click, turn, scroll, zoom, and all of it by keyboard.

const CLICK_REACH = 4
const SEND_AFTER = 140
// Turns of the wheel within so many milliseconds are one gesture.
const ONE_GESTURE = 400

class CubeHands {
  constructor(cube) {
    this.cube = cube
    this.drag = null
    this.wheeled = -Infinity
    const on = (name, act, options) => cube.canvas.addEventListener(name, act, options)
    on("pointerdown", (event) => this.down(event))
    on("pointermove", (event) => this.move(event))
    on("pointerup", (event) => this.up(event))
    on("pointercancel", () => { this.drag = null })
    on("pointerleave", () => { if (!this.drag) cube.readout.hide() })
    on("wheel", (event) => this.wheel(event), { passive: false })
    on("dblclick", (event) => this.double(event))
    on("keydown", (event) => this.key(event))
    on("blur", () => { cube.cursor = null; cube.readout.hide(); cube.draw() })
  }

  place(event) {
    const bounds = this.cube.canvas.getBoundingClientRect()
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top }
  }

  // What lies under a place: a face, a label of an axis, a navigator, or nothing.
  under({ x, y }) {
    const { cube } = this
    if (!cube.geometry) return { kind: "nothing" }
    for (const [axis, [left, top, wide, tall]] of Object.entries(cube.bars)) {
      if (x >= left - 4 && x < left + wide + 4 && y >= top - 6 && y < top + tall + 6) return { kind: "bar", axis }
    }
    const hit = faceUnder(cube.faces, x, y)
    if (hit) return { kind: "face", ...hit }
    const { x: left, y: top, w, h } = cube.geometry
    const item = (axis, share) => {
      const { first, last } = cube.windows[axis]
      return Math.min(last - 1, first + Math.floor(share * (last - first)))
    }
    if (x < left && x > 16 && y >= top && y < top + h) {
      return { kind: "label", axis: "layer", share: (y - top) / h, item: item("layer", (y - top) / h), onCaret: x > left - 18 }
    }
    if (y > top + h && y < top + h + 60 && x >= left && x < left + w) {
      return { kind: "label", axis: "class", share: (x - left) / w, item: item("class", (x - left) / w) }
    }
    return { kind: "nothing" }
  }

  down(event) {
    if (event.button) return
    const place = this.place(event)
    const target = this.under(place)
    const windows = structuredClone(this.cube.windows)
    this.drag = { ...place, target, windows, flat: this.cube.flat, moved: false }
    this.cube.canvas.setPointerCapture(event.pointerId)
  }

  move(event) {
    const place = this.place(event)
    const { drag } = this
    if (!drag) { this.hover(place); return }
    const dx = place.x - drag.x, dy = place.y - drag.y
    if (!drag.moved && Math.hypot(dx, dy) < CLICK_REACH) return
    drag.moved = true
    this.cube.readout.hide()
    if (drag.target.kind === "bar") this.slide(drag, dx, dy)
    else if (drag.target.kind === "face" && this.canScroll(drag.target.name)) this.scroll(drag, place)
    else this.turn(drag, dx + dy)
  }

  canScroll(name) {
    return FACE_AXES[name].some((axis) => {
      const { first, last } = this.cube.windows[axis]
      return last - first < this.cube.length(axis)
    })
  }

  // Dragging to the right or downwards folds the faces flat, the other way folds them back.
  turn(drag, by) {
    this.cube.canvas.style.cursor = "grabbing"
    this.cube.flat = this.cube.wantedFlat = Math.min(1, Math.max(0, drag.flat + by / 320))
    this.cube.draw()
    this.later("flat", () => this.sendFlat())
  }

  sendFlat() {
    const value = Math.round(100 * this.cube.wantedFlat)
    if (value !== this.cube.model.flat) this.cube.send({ type: "flat", value })
  }

  // A dragged face takes its neighbours along, as they share its axes.
  scroll(drag, place) {
    const { cube } = this
    const matrix = cube.geometry.faces[drag.target.name]
    const from = placeUnder(matrix, drag.x, drag.y), to = placeUnder(matrix, place.x, place.y)
    FACE_AXES[drag.target.name].forEach((axis, i) => {
      const window = drag.windows[axis], scale = cube.scaleOf(axis, window)
      const by = Math.round(scale.item(from[i]) - scale.item(to[i]))
      this.show(axis, windowMoved(window, by, cube.length(axis)))
    })
    cube.canvas.style.cursor = "grabbing"
  }

  slide(drag, dx, dy) {
    const { axis } = drag.target
    const count = this.cube.length(axis)
    const { w, h } = this.cube.geometry
    const by = Math.round((axis === "class" ? dx / w : dy / h) * count)
    this.show(axis, windowMoved(drag.windows[axis], by, count))
  }

  // Show a window at once with what is here, and ask the server for its cells a moment later.
  show(axis, window) {
    const { cube } = this
    const before = cube.windows[axis]
    if (before.first === window.first && before.last === window.last) return
    cube.windows = { ...cube.windows, [axis]: window }
    cube.draw()
    this.later("window", () => cube.send({ type: "window", windows: cube.windows }))
  }

  later(name, act) {
    clearTimeout(this[name])
    this[name] = setTimeout(act, SEND_AFTER)
  }

  forget(name) { clearTimeout(this[name]) }

  up(event) {
    const { drag } = this
    this.drag = null
    if (!drag || drag.moved) { this.hover(this.place(event)); return }
    const { target } = drag
    if (target.kind === "label" && target.onCaret) this.unfold(target)
    else if (target.kind === "label") this.cube.send({ type: "pick", axis: target.axis, item: target.item, shift: event.shiftKey })
    else if (target.kind === "face") this.pick(this.cube.cell(target), event.shiftKey)
  }

  unfold({ axis, item }) {
    this.cube.send({ type: "unfold", axis, item })
  }

  pick({ name, axes, ranges }, shift) {
    const [u, v] = ranges
    const items = { [axes[0]]: [u.first, u.last], [axes[1]]: [v.first, v.last] }
    this.cube.send({ type: "cell", face: name, items, shift: Boolean(shift) })
  }

  double(event) {
    const target = this.under(this.place(event))
    if (target.kind === "label") this.unfold(target)
    else if (target.kind === "face") this.cube.showWhole()
  }

  hover(place) {
    const { cube } = this
    const target = this.under(place)
    cube.canvas.style.cursor = { face: "crosshair", label: "pointer", bar: "grab" }[target.kind] || "move"
    if (target.kind === "face") cube.readout.show(cube.told(cube.cell(target)), place.x, place.y)
    else if (target.kind === "label") {
      const { axis, item } = target
      const name = cube.named(axis, { first: item, last: item + 1 })
      const how = axis === "layer" ? "arrow: its filters" : "double click: its images"
      cube.readout.show([name, `click: slice the cube; ${how}`], place.x, place.y)
    } else cube.readout.hide()
  }

  // Over a face both its axes zoom about the pointer, over labels theirs; with shift they scroll.
  wheel(event) {
    const { cube } = this
    const target = this.under(this.place(event))
    const axes = { face: FACE_AXES[target.name], label: [target.axis] }[target.kind]
    if (!axes || event.ctrlKey) return
    const sliding = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
    const delta = event.deltaY || event.deltaX
    let used = false
    axes.forEach((axis, i) => {
      const before = cube.windows[axis], count = cube.length(axis)
      const at = this.reached(axis, target.kind === "label" ? target.share : [target.u, target.v][i])
      const by = Math.sign(delta) * Math.max(1, Math.round((before.last - before.first) / 8))
      if (sliding && i) return
      const after = sliding ? windowMoved(before, by, count) : windowZoomed(before, 1.0018 ** delta, at, count)
      used ||= after.first !== before.first || after.last !== before.last
      this.show(axis, after)
    })
    // At the ends the page scrolls, but not by the gesture that led there.
    const goesOn = event.timeStamp - this.wheeled < ONE_GESTURE
    if (!used && !goesOn) return
    this.wheeled = event.timeStamp
    event.preventDefault()
  }

  // How far through the items of a window a share of it reaches.
  reached(axis, share) {
    const { first, last } = this.cube.windows[axis]
    return (this.cube.scales[axis].item(share) - first) / (last - first)
  }

  key(event) {
    const { cube } = this
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    const acts = {
      Enter: () => this.pickCursor(event.shiftKey), " ": () => this.pickCursor(event.shiftKey),
      Escape: () => cube.send({ type: "clear", axis: "all" }),
      n: () => this.nextFace(), f: () => this.fold(), Home: () => cube.showWhole(),
      "+": () => this.zoom(0.6), "=": () => this.zoom(0.6), "-": () => this.zoom(1 / 0.6),
      u: () => this.unfoldCursor(),
    }
    const act = steps[event.key] ? () => this.step(...steps[event.key]) : acts[event.key]
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  fold() {
    this.cube.turnTo(this.cube.wantedFlat > 0.5 ? 0 : 1)
    this.sendFlat()
  }

  begin() {
    const { cube } = this
    if (cube.cursor) return false
    const { class: class_, layer } = cube.windows
    cube.cursor = { name: "front", items: [class_.first, layer.first] }
    return true
  }

  step(du, dv) {
    const { cube } = this
    if (!this.begin()) {
      const cell = cube.cell({ name: cube.cursor.name, ...cube.cursorShares() })
      // On top, time runs upwards.
      const by = [du, cell.name === "top" ? -dv : dv]
      cube.cursor.items = cell.ranges.map(({ first, last }, i) => {
        const window = cube.windows[cell.axes[i]]
        const item = by[i] > 0 ? last : by[i] < 0 ? first - 1 : first
        return Math.min(window.last - 1, Math.max(window.first, item))
      })
    }
    this.tell()
  }

  nextFace() {
    const names = ["front", "top", "side"]
    const { cube } = this
    if (!this.begin()) {
      const name = names[(names.indexOf(cube.cursor.name) + 1) % 3]
      const [u, v] = FACE_AXES[name].map((axis) => cube.windows[axis].first)
      cube.cursor = { name, items: [u, v] }
    }
    this.tell()
  }

  tell() {
    const { cube } = this
    const cell = cube.cell({ name: cube.cursor.name, ...cube.cursorShares() })
    const lines = cube.told(cell)
    const [u, v] = cell.ranges
    const [x, y] = cube.corners(cell.name, [u.first, v.first], [u.last, v.last])[2]
    cube.draw()
    cube.readout.show(lines, x, y)
    cube.spoken.textContent = `${cell.name} face: ${lines.join(". ")}`
  }

  pickCursor(shift) {
    if (this.begin()) { this.tell(); return }
    const { cube } = this
    this.pick(cube.cell({ name: cube.cursor.name, ...cube.cursorShares() }), shift)
  }

  unfoldCursor() {
    if (this.begin()) { this.tell(); return }
    const axes = FACE_AXES[this.cube.cursor.name]
    const i = axes[1] === "layer" ? 1 : 0
    this.unfold({ axis: axes[i], item: this.cube.cursor.items[i] })
  }

  zoom(factor) {
    this.begin()
    const { cube } = this
    FACE_AXES[cube.cursor.name].forEach((axis, i) => {
      const { u, v } = cube.cursorShares()
      const at = this.reached(axis, [u, v][i])
      this.show(axis, windowZoomed(cube.windows[axis], factor, at, cube.length(axis)))
    })
    this.tell()
  }
}
