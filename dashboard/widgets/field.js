// A check box or a field for a whole number, with a label and a tooltip.

/** @import { Place } from "./component.js" */
import { make } from "./dom.js"

/**
 * @typedef {Place<{
 *   kind: "number" | "check", label: string, tip: string, value: number, low: number | null,
 *   high: number | null,
 * }>} FieldPlace
 */

const FIELD_STYLE = `
label { display: flex; color: var(--dt-faint); cursor: pointer;
  font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
label.number { flex-direction: column; gap: 0; cursor: default; }
label.check { align-items: center; gap: 6px; min-height: 30px; color: var(--dt-ink);
  font-size: 12.5px; }
label.number > span { align-self: flex-start; display: flex; align-items: center; height: 1.45em;
  white-space: nowrap; }
label.number i { box-sizing: border-box; width: 15px; height: 15px; margin: -1px 0 0 5px;
  border: 1.5px solid; border-radius: 50%; text-align: center; opacity: .55; cursor: pointer;
  font: 600 10px/12px system-ui, "DejaVu Sans", sans-serif; }
label.check > span { border-bottom: 1px dotted var(--dt-outline); }
input[type=checkbox] { accent-color: var(--dt-accent); margin: 0; width: 14px; height: 14px; }
input[type=number] { box-sizing: border-box; width: 100%; min-height: 30px;
  padding: 3px 4px 3px 8px; border-radius: 5px; border: 1px solid var(--dt-field);
  background: var(--dt-paper); color: var(--dt-ink);
  font: 12.5px/1.4 system-ui, "DejaVu Sans", sans-serif; }
input:focus-visible { outline: 2px solid var(--dt-accent); outline-offset: 1px; }
`

/**
 * Read a whole number and limit it to the bounds; null for other text.
 *
 * @param {string} text
 * @param {number | null} low
 * @param {number | null} high
 */
export function wholeNumber(text, low, high) {
  const given = Math.round(Number(text))
  if (text === "" || !Number.isFinite(given)) return null
  return Math.min(high ?? given, Math.max(low ?? given, given))
}

/** @param {FieldPlace} place */
export function render({ model, el }) {
  const isCheck = model.kind === "check"
  const words = make("span", {}, model.label)
  // Panel's lists have the same mark.
  if (!isCheck && model.tip) words.append(make("i", { "aria-hidden": "true" }, "?"))
  const field = make("input", {
    type: isCheck ? "checkbox" : "number",
    "data-testid": `field-${model.label}`,
  })
  if (model.tip) field.setAttribute("aria-description", model.tip)
  if (!isCheck) {
    field.step = "1"
    if (model.low !== null) field.min = String(model.low)
    if (model.high !== null) field.max = String(model.high)
  }
  const parts = isCheck ? [field, words] : [words, field]
  const label = make("label", { class: model.kind, title: model.tip }, ...parts)
  el.append(make("style", {}, FIELD_STYLE), label)
  const isTypedIn = () => /** @type {ShadowRoot} */ (field.getRootNode()).activeElement === field
  const show = () => {
    if (isCheck) field.checked = Boolean(model.value)
    else if (!isTypedIn() || Number(field.value) !== model.value) field.value = String(model.value)
  }
  field.addEventListener(isCheck ? "change" : "input", () => {
    const given = isCheck ? Number(field.checked) : wholeNumber(field.value, model.low, model.high)
    if (given !== null) model.value = given
  })
  field.addEventListener("blur", show)
  model.on("value", show)
  show()
}
