// Groups of links; each link is a button with a bar as long as its share.

/** @import { Place } from "./component.js" */
import { make } from "./dom.js"

/**
 * @typedef {{ key: unknown, label: string, note: string, share: number, is_chosen: boolean }} Link
 */
/** @typedef {{ title: string, empty: string, links: Link[] }} LinkGroup */

const LIST_STYLE = `
h3 { font: 600 12.5px/1.35 system-ui, sans-serif; margin: 10px 0 6px;
  color: var(--dt-ink, #1f2933); }
h3:first-child { margin-top: 0; }
ol { list-style: none; margin: 0; padding: 0; }
button { position: relative; display: grid; grid-template-columns: 1.7em 1fr auto; gap: 4px;
  width: 100%; text-align: left; font: 12px/1.35 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; color: var(--dt-ink, #1f2933);
  background: var(--dt-paper, #fff); border: 0; border-top: 1px solid var(--dt-line, #d9dee4);
  padding: 5px 6px; cursor: pointer; }
button:hover { background: var(--dt-soft, #e8f1f8); }
button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: -2px; }
button[aria-pressed=true] { box-shadow: inset 3px 0 var(--dt-accent, #0b4f7d); font-weight: 600; }
.place, .note { color: var(--dt-faint, #52606d); font-weight: 400; }
.label { overflow-wrap: anywhere; }
.bar { position: absolute; left: 0; bottom: 0; height: 2px;
  background: var(--dt-series-0, #0072B2); }
p { font: 12px/1.45 system-ui, sans-serif; color: var(--dt-faint, #52606d); margin: 4px 0 8px; }
`

/** @param {Place<{ groups: LinkGroup[], test_id: string }>} place */
export function render({ model, el }) {
  const root = make("div")
  el.append(make("style", {}, LIST_STYLE), root)
  let count = 0
  /** @param {Link} link @param {boolean} shift */
  const send = ({ key }, shift) => {
    count += 1
    model.event = { key, shift, count }
  }
  const draw = () => {
    root.replaceChildren(...model.groups.flatMap((group) => elementsOf(group, send)))
    root.dataset.testid = model.test_id
    root.dataset.state = JSON.stringify(model.groups.map(stateOf))
  }
  model.on("groups", draw)
  draw()
}

/**
 * @param {LinkGroup} group
 * @param {(link: Link, shift: boolean) => void} send
 */
function elementsOf({ title, links, empty }, send) {
  const items = links.map((link, place) => make("li", {}, linkButton(link, place, send)))
  const elements = [make("h3", {}, title), make("ol", {}, ...items)]
  return links.length ? elements : [...elements, make("p", {}, empty)]
}

/**
 * @param {Link} link
 * @param {number} place
 * @param {(link: Link, shift: boolean) => void} send
 */
function linkButton(link, place, send) {
  const bar = make("span", { class: "bar" })
  bar.style.width = `${100 * Math.min(1, Math.max(0, link.share))}%`
  return make(
    "button",
    {
      type: "button",
      "aria-pressed": String(link.is_chosen),
      onclick: (event) => send(link, event.shiftKey),
    },
    make("span", { class: "place" }, `${place + 1}.`),
    make("span", { class: "label" }, link.label),
    make("span", { class: "note" }, link.note),
    bar,
  )
}

/** @param {LinkGroup} group */
function stateOf({ title, links }) {
  const shown = links.map(({ key, label, note, is_chosen }) => ({ key, label, note, is_chosen }))
  return { title, links: shown }
}
