// What stands beside the cube's faces: names along its axes, their titles, and which part is shown.

// A distance of labels that one can count in: of four or less, and of 5, 10, 20, 50 and so on.
function roundStep(least) {
  if (least <= 4) return least
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((k) => k * power).find((step) => step >= least)
}

// Names of layers differ at their ends: what does not fit is cut in front.
function fittedEnd(context, text, width) {
  if (context.measureText(text).width <= width) return text
  let from = 1
  while (from < text.length - 1 && context.measureText(`…${text.slice(from)}`).width > width) from += 1
  return `…${text.slice(from)}`
}

class CubeLabels {
  constructor(cube) { this.cube = cube }
  get model() { return this.cube.model }
  get geometry() { return this.cube.geometry }
  get windows() { return this.cube.windows }
  get scales() { return this.cube.scales }

  // Items to label: as many as have room, and the picked one.
  labelled(axis, room) {
    const { first, last } = this.windows[axis]
    const least = Math.max(1, Math.ceil((last - first) / Math.max(1, Math.floor(room))))
    const step = roundStep(least)
    const picked = this.model.picks[axis]
    const found = []
    for (let item = first; item < last; item++) {
      const near = picked >= first && picked < last && Math.abs(item - picked) < least
      if (item === picked || (item % step === 0 && !near)) found.push(item)
    }
    return found
  }

  // Iterations to label, with their places: of items, or round ones where the spacing is true.
  timeMarks(room) {
    const scale = this.scales.time, { labels } = this.model.items.time, picked = this.model.picks.time
    const mark = (item) => ({ at: scale.centre(item), text: labels[item], isPicked: item === picked })
    if (!scale.isTrue) return this.labelled("time", room).map(mark)
    if (picked < scale.first || picked >= scale.last) return scale.labels(room)
    const chosen = mark(picked)
    return [...scale.labels(room).filter(({ at }) => Math.abs(at - chosen.at) * room >= 1), chosen]
  }

  timeLabel(context, { text, isPicked }, x, y) {
    context.fillStyle = isPicked ? PICK : INK
    context.font = isPicked ? `600 ${FONT}` : FONT
    context.fillText(text, x, y)
  }

  label(context, axis, item) {
    const part = this.model.items[axis].parts[item]
    const picked = item === this.model.picks[axis]
    context.fillStyle = picked ? PICK : part ? FAINT : INK
    context.font = picked ? `600 ${FONT}` : FONT
    return this.model.items[axis].labels[item]
  }

  draw(context) {
    this.layerLabels(context)
    this.classLabels(context)
    this.timeLabels(context)
    context.font = FONT
    this.navigators(context)
  }

  layerLabels(context) {
    const { x, y, h } = this.geometry
    const { labels, parts, open } = this.model.items.layer
    context.textAlign = "right"
    for (const item of this.labelled("layer", h / 11.5)) {
      const text = this.label(context, "layer", item)
      const at = y + h * this.cube.share("layer", item)
      context.fillText(fittedEnd(context, text, 150), x - 20, at)
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
    const shown = this.labelled("class", w / 22)
    const widest = Math.max(...shown.map((item) => context.measureText(labels[item].replace(/^class /, "")).width))
    // Names too wide for their column lean, so that more of them can be read.
    const leaning = widest + 8 > (w / (last - first)) * Math.max(1, (last - first) / shown.length)
    for (const item of shown) {
      // The axis says that they are classes.
      const name = this.label(context, "class", item).replace(/^class /, "")
      const text = fitted(context, name, leaning ? 74 : 90)
      const at = x + w * this.cube.share("class", item)
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
    const room = Math.max(Math.abs(along.y) / 16, along.x / 56)
    context.textAlign = flat > 0.5 ? "center" : "left"
    const marks = this.timeMarks(room)
    const widest = Math.max(0, ...marks.map(({ text }) => context.measureText(text).width))
    for (const mark of marks) {
      const [x, y] = placeOn(side, mark.at, 1)
      this.timeLabel(context, mark, x + mix(7, 0, flat), y + mix(7, 12, flat))
    }
    const [x, y] = placeOn(side, 0.5, 1)
    // Oblique, the title keeps clear of the labels, which stand on the rising edge.
    this.title(context, "iteration", x + mix(widest + 46, 0, flat), y + mix(24, 30, flat), 0)
    if (flat < 0.75) return
    context.globalAlpha = (flat - 0.75) * 4
    context.textAlign = "right"
    for (const mark of this.timeMarks(Math.abs(up.y) / 16)) {
      const [left, middle] = placeOn(top, 0, mark.at)
      this.timeLabel(context, mark, left - 7, middle)
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
    this.cube.bars = {}
    for (const [axis, box] of Object.entries({
      class: [x, this.cube.height - 7, w, 5], layer: [1, y, 5, h],
    })) {
      const count = this.cube.length(axis)
      const { first, last } = this.windows[axis]
      if (last - first >= count) continue
      this.cube.bars[axis] = box
      context.fillStyle = LINE
      context.fillRect(...box)
      context.fillStyle = ACCENT
      const [from, share] = [first / count, (last - first) / count]
      if (axis === "class") context.fillRect(box[0] + w * from, box[1], Math.max(8, w * share), 5)
      else context.fillRect(box[0], box[1] + h * from, 5, Math.max(8, h * share))
    }
  }
}
