// Around the cube: how far it is unfolded, what slices it, and what the colours of its faces mean.

const CUBE_STYLE = `
:host, :host > div { height: auto !important; }
.dt-cube-bar, .dt-cube-legend { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px;
  font: 12px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--dt-ink, #1f2933); padding: 2px 0; min-height: 30px; }
.dt-cube-bar label { display: inline-flex; align-items: center; gap: 8px; color: var(--dt-faint, #52606d); }
.dt-cube-bar input { width: 118px; accent-color: var(--dt-accent, #0b4f7d); margin: 0; }
.dt-cube-bar button { font: inherit; color: var(--dt-accent, #0b4f7d); background: var(--dt-soft, #e8f1f8);
  border: 1px solid var(--dt-softline, #c6dcec); border-radius: 12px; padding: 1px 9px; cursor: pointer; }
.dt-cube-bar button.dt-plain { background: transparent; border-color: var(--dt-line, #d9dee4); }
.dt-cube-bar button:hover { border-color: var(--dt-accent, #0b4f7d); }
.dt-cube-bar button:focus-visible, .dt-cube-bar input:focus-visible, canvas:focus-visible {
  outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: 1px; }
.dt-cube-slices { display: inline-flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.dt-cube-hint { color: var(--dt-faint, #52606d); }
.dt-cube-legend { gap: 2px 22px; padding-bottom: 4px; }
.dt-cube-scale { display: inline-flex; align-items: center; gap: 6px; }
.dt-cube-scale svg { width: 17px; height: 17px; flex: none; }
.dt-cube-scale i { display: inline-block; width: 84px; height: 9px; border: 1px solid var(--dt-line, #d9dee4); flex: none; }
.dt-cube-scale i.dt-swatch { width: 14px; height: 12px; }
.dt-cube-scale b { font-weight: 400; color: var(--dt-faint, #52606d); font-variant-numeric: tabular-nums; white-space: nowrap; }
.dt-spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`

const FACE_OUTLINES = {
  top: "1,6 5,1 16,1 12,6", side: "12,6 16,1 16,11 12,16", front: "1,6 12,6 12,16 1,16",
}

// A value with its unit, which is in the plural: "1 image", "7 images".
function withUnit(value, unit) {
  if (!unit) return number(value)
  return `${number(value)} ${value === 1 ? unit.replace(/s$/, "") : unit}`
}

class CubeStrip {
  constructor(cube) {
    this.cube = cube
    this.bar = document.createElement("div")
    this.bar.className = "dt-cube-bar"
    this.legend = document.createElement("div")
    this.legend.className = "dt-cube-legend"
    const label = document.createElement("label")
    this.slider = document.createElement("input")
    Object.assign(this.slider, { type: "range", min: 0, max: 100, step: 1 })
    this.slider.setAttribute("aria-label", "Unfold the cube, from oblique to flat")
    this.slider.title = "The paper's oblique view, or the three faces laid flat with shared axes"
    label.append("Cube", this.slider, "Flat")
    this.slider.addEventListener("input", () => {
      cube.flat = cube.wantedFlat = this.slider.value / 100
      cube.draw()
      cube.hands.later("flat", () => cube.hands.sendFlat())
    })
    this.slices = document.createElement("span")
    this.slices.className = "dt-cube-slices"
    this.bar.append(label, this.slices)
  }

  button(text, title, event, plain, act = () => this.cube.send(event)) {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = text
    button.title = title
    button.dataset.act = JSON.stringify(event)
    if (plain) button.className = "dt-plain"
    button.addEventListener("click", act)
    return button
  }

  update() {
    this.slider.value = Math.round(100 * this.cube.flat)
    this.slider.setAttribute("aria-valuetext", this.cube.flat > 0.5 ? "flat" : "oblique")
    this.updateSlices()
    this.updateLegend()
  }

  updateSlices() {
    const { cube } = this
    const { model } = cube
    const zoomed = Object.keys(AXES).filter((axis) => cube.windows[axis].last - cube.windows[axis].first < cube.length(axis))
    const shown = JSON.stringify([model.slices, model.unfoldable, zoomed])
    if (shown === this.shown) return
    // A button that is in focus keeps it: its successor has the same act.
    const focus = this.slices.getRootNode().activeElement?.dataset?.act
    this.shown = shown
    const entries = []
    for (const { axis, text } of model.slices) {
      entries.push(this.button(`${text}  ×`, "Drop this slice", { type: "clear", axis }))
    }
    for (const { axis, name, open } of model.unfoldable) {
      const [one, many] = axis === "layer" ? ["layer", "filters"] : ["class", "images"]
      const whose = axis === "class" && !name.startsWith("class") ? `class ${name}` : name
      const text = `${open ? "▾" : "▸"} ${many} of ${whose}`
      entries.push(this.button(text, `Show the ${many} of this ${one} as rows of their own`, { type: "unfold", axis, name }, true))
    }
    if (model.slices.length > 1) entries.push(this.button("Clear slices", "Show the whole cube (Escape)", { type: "clear", axis: "all" }, true))
    if (zoomed.length) entries.push(this.button("Whole axes", "Show all classes, layers and iterations (Home)", { type: "whole" }, true, () => cube.showWhole()))
    if (!entries.length) {
      const hint = document.createElement("span")
      hint.className = "dt-cube-hint"
      hint.textContent = "Click a cell or a label to slice; drag to turn; wheel to zoom, shift-wheel to scroll."
      entries.push(hint)
    }
    this.slices.replaceChildren(...entries)
    const again = entries.find((entry) => entry.dataset?.act === focus && focus)
    if (again) again.focus()
  }

  updateLegend() {
    const { pictures } = this.cube
    const key = `${DARK}${JSON.stringify(Object.values(pictures).map((p) => [p.title, p.low, p.high, Boolean(p.faded)]))}`
    if (key === this.legendShown) return
    this.legendShown = key
    const entries = ["top", "side", "front"].map((name) => this.scale(name, pictures[name]))
    if (pictures.front.faded) entries.push(this.swatch(pictures.front.faded_label, true))
    const sliced = ["top", "side"].find((name) => pictures[name].faded)
    if (sliced) entries.push(this.swatch(pictures[sliced].faded_label, false))
    this.legend.replaceChildren(...entries)
  }

  scale(name, picture) {
    const entry = document.createElement("span")
    entry.className = "dt-cube-scale"
    entry.dataset.face = name
    const svg = Object.entries(FACE_OUTLINES).map(([face, points]) => (
      `<polygon points="${points}" fill="${face === name ? "var(--dt-accent, #0b4f7d)" : "none"}" stroke="var(--dt-faint, #52606d)" stroke-width="0.8"/>`
    ))
    entry.innerHTML = `<svg viewBox="0 0 17 17" aria-hidden="true">${svg.join("")}</svg>`
    const title = document.createElement("span")
    title.textContent = picture.title
    const low = document.createElement("b"), ramp = document.createElement("i"), high = document.createElement("b")
    low.textContent = number(picture.low)
    high.textContent = withUnit(picture.high, picture.unit)
    ramp.style.background = picture.gradient()
    ramp.setAttribute("role", "img")
    ramp.setAttribute("aria-label", `colours from ${number(picture.low)} to ${number(picture.high)}${picture.root ? ", on a square-root scale" : ""}`)
    ramp.title = picture.root ? "square-root scale, so that one shows beside a hundred" : "linear scale"
    entry.append(title, low, ramp, high)
    return entry
  }

  // The legend in a picture of the cube.
  paintLegend(context, y) {
    context.textAlign = "left"
    for (const [place, name] of ["top", "side", "front"].entries()) {
      const picture = this.cube.pictures[name]
      const table = picture.table()
      const middle = y + 12 + 18 * place
      for (let level = 0; level < 32; level++) {
        const at = 4 * Math.round((level * 254) / 31)
        context.fillStyle = `rgb(${table[at]},${table[at + 1]},${table[at + 2]})`
        context.fillRect(8 + 3 * level, middle - 5, 3, 10)
      }
      context.fillStyle = INK
      const pale = picture.faded ? `; pale: ${picture.faded_label}` : ""
      const scale = `${number(picture.low)} to ${withUnit(picture.high, picture.unit)}`
      context.fillText(`${name}: ${picture.title}, ${scale}${pale}`, 112, middle)
    }
  }

  swatch(text, hatched) {
    const entry = document.createElement("span")
    entry.className = "dt-cube-scale"
    const box = document.createElement("i")
    box.className = "dt-swatch"
    const stripes = `repeating-linear-gradient(135deg, transparent 0 3px, ${FAINT} 3px 4px)`
    box.style.background = hatched ? stripes : pale(SERIES[0], FADED)
    entry.append(box, hatched ? text : `pale: ${text}`)
    return entry
  }
}
