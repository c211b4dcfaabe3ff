// The strip above the cube: the slider that unfolds it, its slices, and the legend of its faces.

/** @import { Cube } from "./cube.js" */
/** @import { FacePicture } from "./cube_faces.js" */
/** @import { FaceName } from "./cube_geometry.js" */
/** @import { Context } from "../../widgets/drawing.js" */
import { focusedData, make } from "../../widgets/dom.js"
import { pale, theme } from "../../widgets/theme.js"
import { number } from "../../widgets/ticks.js"
import { FADED } from "./cube_faces.js"
import { FACES } from "./cube_geometry.js"
import { sliceButtons } from "./slice_buttons.js"

/** @type {Record<FaceName, string>} */
const FACE_OUTLINES = {
  top: "1,6 5,1 16,1 12,6",
  side: "12,6 16,1 16,11 12,16",
  front: "1,6 12,6 12,16 1,16",
}
const HINT = "Click a cell or a label to slice; drag to turn; wheel to zoom, shift-wheel to scroll."

/**
 * A value with its unit: "1 image", "7 images". The unit is given in the plural.
 *
 * @param {number} value
 * @param {string} unit
 */
export function withUnit(value, unit) {
  if (!unit) return number(value)
  return `${number(value)} ${value === 1 ? unit.replace(/s$/, "") : unit}`
}

export class CubeStrip {
  /** @param {Cube} cube */
  constructor(cube) {
    this.cube = cube
    this.shown = ""
    this.legendShown = ""
    this.slider = make("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 1,
      "aria-label": "Unfold the cube, from oblique to flat",
      title: "The paper's oblique view, or the three faces laid flat with shared axes",
      oninput: () => cube.turnBy(Number(this.slider.value) / 100),
    })
    this.slices = make("span", { class: "dt-cube-slices" })
    const label = make("label", {}, "Cube", this.slider, "Flat")
    this.bar = make("div", { class: "dt-cube-bar" }, label, this.slices)
    this.legend = make("div", { class: "dt-cube-legend" })
  }

  update() {
    this.slider.value = String(Math.round(100 * this.cube.flat))
    this.slider.setAttribute("aria-valuetext", this.cube.flat > 0.5 ? "flat" : "oblique")
    this.updateSlices()
    this.updateLegend()
  }

  updateSlices() {
    const { cube } = this
    const { slices, unfoldable } = cube.model
    const shown = JSON.stringify([slices, unfoldable, cube.zoomed])
    if (shown === this.shown) return
    // Keep the focus: the new button for the same action takes it.
    const focus = focusedData(this.slices, "act")
    this.shown = shown
    const buttons = sliceButtons(cube)
    const hint = make("span", { class: "dt-cube-hint" }, HINT)
    this.slices.replaceChildren(...(buttons.length ? buttons : [hint]))
    buttons.find((button) => focus && button.dataset.act === focus)?.focus()
  }

  updateLegend() {
    const { pictures } = this.cube
    const all = Object.values(pictures)
    const scales = all.map(({ face, faded }) => [face.title, face.low, face.high, Boolean(faded)])
    const key = `${theme.isDark}${JSON.stringify(scales)}`
    if (key === this.legendShown) return
    this.legendShown = key
    const entries = FACES.map((name) => scaleOf(name, pictures[name]))
    const { front } = pictures
    if (front.faded) entries.push(swatch(front.face.faded_label, true))
    const sliced = [pictures.top, pictures.side].find(({ faded }) => faded)
    if (sliced) entries.push(swatch(sliced.face.faded_label, false))
    this.legend.replaceChildren(...entries)
  }

  /**
   * Draw the legend in a picture of the cube.
   *
   * @param {Context} context
   * @param {number} y
   */
  paintLegend(context, y) {
    context.textAlign = "left"
    for (const [place, name] of FACES.entries()) {
      const picture = this.cube.pictures[name]
      const { title, low, high, unit, faded_label: label } = picture.face
      const table = picture.table()
      const middle = y + 12 + 18 * place
      for (let level = 0; level < 32; level += 1) {
        const at = 4 * Math.round((level * 254) / 31)
        context.fillStyle = `rgb(${table[at]},${table[at + 1]},${table[at + 2]})`
        context.fillRect(8 + 3 * level, middle - 5, 3, 10)
      }
      context.fillStyle = theme.ink
      const faded = picture.faded ? `; pale: ${label}` : ""
      const scale = `${number(low)} to ${withUnit(high, unit)}`
      context.fillText(`${name}: ${title}, ${scale}${faded}`, 112, middle)
    }
  }
}

/**
 * An entry of the legend: the face, its title and its colours.
 *
 * @param {FaceName} name
 * @param {FacePicture} picture
 */
function scaleOf(name, picture) {
  const { title, low, high, unit, root } = picture.face
  const entry = make("span", { class: "dt-cube-scale", "data-face": name })
  entry.innerHTML = faceIcon(name)
  const spread = root ? ", on a square-root scale" : ""
  const ramp = make("i", {
    role: "img",
    "aria-label": `colours from ${number(low)} to ${number(high)}${spread}`,
    title: root ? "square-root scale, so that 1 is visible next to 100" : "linear scale",
  })
  ramp.style.background = picture.gradient()
  const ends = [make("b", {}, number(low)), ramp, make("b", {}, withUnit(high, unit))]
  entry.append(make("span", {}, title), ...ends)
  return entry
}

/** @param {FaceName} name */
function faceIcon(name) {
  const faces = /** @type {[FaceName, string][]} */ (Object.entries(FACE_OUTLINES))
  const shapes = faces.map(([face, points]) => {
    const fill = face === name ? "var(--dt-accent, #0b4f7d)" : "none"
    const line = 'stroke="var(--dt-faint, #52606d)" stroke-width="0.8"'
    return `<polygon points="${points}" fill="${fill}" ${line}/>`
  })
  return `<svg viewBox="0 0 17 17" aria-hidden="true">${shapes.join("")}</svg>`
}

/**
 * An entry of the legend for cells that are hatched or pale.
 *
 * @param {string | undefined} text
 * @param {boolean} isHatched
 */
function swatch(text, isHatched) {
  const box = make("i", { class: "dt-swatch" })
  const stripes = `repeating-linear-gradient(135deg, transparent 0 3px, ${theme.faint} 3px 4px)`
  box.style.background = isHatched ? stripes : pale(theme.series[0], FADED)
  return make("span", { class: "dt-cube-scale" }, box, isHatched ? `${text}` : `pale: ${text}`)
}
