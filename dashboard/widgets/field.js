// A box to tick or a field for a whole number, with its label, and its tooltip on label and field.

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = `
    label { display: flex; color: var(--dt-faint); font: 12px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; cursor: pointer; }
    label.number { flex-direction: column; gap: 0; cursor: default; }
    label.check { align-items: center; gap: 6px; min-height: 30px; color: var(--dt-ink); font-size: 12.5px; }
    label.number > span { align-self: flex-start; display: flex; align-items: center; height: 1.45em; white-space: nowrap; }
    label.number i { box-sizing: border-box; width: 15px; height: 15px; margin: -1px 0 0 5px; border: 1.5px solid; border-radius: 50%;
      font: 600 10px/12px system-ui, "DejaVu Sans", sans-serif; text-align: center; opacity: .55; cursor: pointer; }
    label.check > span { border-bottom: 1px dotted var(--dt-outline); }
    input[type=checkbox] { accent-color: var(--dt-accent); margin: 0; width: 14px; height: 14px; }
    input[type=number] { box-sizing: border-box; width: 100%; min-height: 30px; padding: 3px 4px 3px 8px; border-radius: 5px;
      border: 1px solid var(--dt-field); background: var(--dt-paper); color: var(--dt-ink); font: 12.5px/1.4 system-ui, "DejaVu Sans", sans-serif; }
    input:focus-visible { outline: 2px solid var(--dt-accent); outline-offset: 1px; }`
  const label = document.createElement("label")
  const isCheck = model.kind === "check"
  label.className = model.kind
  label.title = model.tip
  const words = document.createElement("span")
  words.textContent = model.label
  if (!isCheck && model.tip) {
    // As the lists beside it have one.
    const mark = document.createElement("i")
    mark.textContent = "?"
    mark.setAttribute("aria-hidden", "true")
    words.append(mark)
  }
  const field = document.createElement("input")
  field.type = isCheck ? "checkbox" : "number"
  field.dataset.testid = `field-${model.label}`
  if (model.tip) field.setAttribute("aria-description", model.tip)
  if (!isCheck) {
    field.step = 1
    if (model.low !== null) field.min = model.low
    if (model.high !== null) field.max = model.high
  }
  label.append(...(isCheck ? [field, words] : [words, field]))
  el.append(style, label)
  const show = () => {
    if (isCheck) field.checked = Boolean(model.value)
    else if (field.getRootNode().activeElement !== field || Number(field.value) !== model.value) field.value = model.value
  }
  field.addEventListener(isCheck ? "change" : "input", () => {
    if (isCheck) { model.value = field.checked ? 1 : 0; return }
    const given = Math.round(Number(field.value))
    if (field.value === "" || !Number.isFinite(given)) return
    model.value = Math.min(model.high ?? given, Math.max(model.low ?? given, given))
  })
  field.addEventListener("blur", show)
  model.on("value", show)
  show()
}
