// Buttons above the cube: drop a slice, unfold a class or layer, show the whole axes.

/** @import { Cube } from "./cube.js" */
import { make } from "../../widgets/dom.js"

/**
 * @param {string} text
 * @param {string} title
 * @param {Record<string, unknown>} event what is sent to the server
 * @param {() => void} act
 * @param {boolean} isPlain
 */
function button(text, title, event, act, isPlain) {
  const look = { title, "data-act": JSON.stringify(event) }
  const made = make("button", { type: "button", ...look, onclick: act }, text)
  if (isPlain) made.className = "dt-plain"
  return made
}

/**
 * The buttons for the cube's current state.
 *
 * @param {Cube} cube
 */
export function sliceButtons(cube) {
  const { slices, unfoldable } = cube.model
  /** @param {string} text @param {string} title @param {Record<string, unknown>} event */
  const plain = (text, title, event, act = () => cube.send(event)) =>
    button(text, title, event, act, true)
  const buttons = slices.map(({ axis, text }) => {
    const event = { type: "clear", axis }
    return button(`${text}  ×`, "Drop this slice", event, () => cube.send(event), false)
  })
  for (const { axis, name, open } of unfoldable) {
    const [one, many] = axis === "layer" ? ["layer", "filters"] : ["class", "images"]
    const whose = axis === "class" && !name.startsWith("class") ? `class ${name}` : name
    const title = `Show the ${many} of this ${one} as separate rows`
    const event = { type: "unfold", axis, name }
    buttons.push(plain(`${open ? "▾" : "▸"} ${many} of ${whose}`, title, event))
  }
  if (slices.length > 1) {
    const event = { type: "clear", axis: "all" }
    buttons.push(plain("Clear slices", "Show the whole cube (Escape)", event))
  }
  if (cube.zoomed.length) {
    const title = "Show all classes, layers and iterations (Home)"
    buttons.push(plain("Whole axes", title, { type: "whole" }, () => cube.showWhole()))
  }
  return buttons
}
