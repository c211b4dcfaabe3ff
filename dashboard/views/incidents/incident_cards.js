// Cards of incidents: when, how grave, what happened, and buttons that lead there.

/** @import { Place } from "../../widgets/component.js" */
import { make } from "../../widgets/dom.js"

/**
 * @typedef {{ severity: string, at: number, until: number, title: string, message: string,
 *   places: [view: string, label: string][] }} Card
 */

const CARD_STYLE = `
:host { container-type: inline-size; }
.summary { font: 13px/1.45 system-ui, sans-serif; color: var(--dt-faint, #52606d);
  margin: 4px 0 12px; }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 12px; }
@container (min-width: 1100px) { ol { grid-template-columns: 1fr 1fr; } }
li { display: grid; grid-template-columns: 6.5em 1fr; gap: 2px 14px; padding: 12px 16px 12px 14px;
  background: var(--dt-paper, #fff); border: 1px solid var(--dt-line, #d9dee4);
  border-left: 5px solid var(--severity); border-radius: 6px; }
li.error { --severity: #b3261e; }
li.warning { --severity: #d55e00; }
li.info { --severity: #0072b2; }
.when { grid-row: 1 / span 3; font: 600 17px/1.2 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; color: var(--dt-ink, #1f2933); }
.when small { display: block; font: 11px/1.4 system-ui, sans-serif;
  color: var(--dt-faint, #52606d); }
h3 { margin: 0; font: 600 14px/1.35 system-ui, sans-serif; color: var(--dt-ink, #1f2933);
  overflow-wrap: anywhere; }
p { margin: 0; font: 13px/1.5 system-ui, sans-serif; color: var(--dt-ink, #1f2933);
  max-width: 78ch; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 6px; }
button { font: 12px/1.2 system-ui, sans-serif; color: var(--dt-accent, #0b4f7d);
  background: var(--dt-paper, #fff); border: 1px solid var(--dt-line, #d9dee4); border-radius: 4px;
  padding: 5px 10px; cursor: pointer; }
button:hover { background: var(--dt-soft, #e8f1f8); }
button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: 1px; }
`

/** @param {Place<{ cards: Card[], summary: string, test_id: string }>} place */
export function render({ model, el }) {
  const summary = make("div", { class: "summary", role: "status" })
  const list = make("ol", { "aria-label": "Incidents, the gravest first" })
  const root = make("div", {}, summary, list)
  el.append(make("style", {}, CARD_STYLE), root)
  let count = 0
  /** @param {number} card @param {string} view */
  const send = (card, view) => {
    count += 1
    model.event = { card, view, count }
  }
  const draw = () => {
    summary.textContent = model.summary
    list.replaceChildren(...model.cards.map((card, place) => cardElement(card, place, send)))
    root.dataset.testid = model.test_id
    root.dataset.state = JSON.stringify({ cards: model.cards, summary: model.summary })
  }
  model.on("cards", draw)
  model.on("summary", draw)
  draw()
}

/**
 * @param {Card} card
 * @param {number} place
 * @param {(card: number, view: string) => void} send
 */
function cardElement({ severity, at, until, title, message, places }, place, send) {
  const span = until > at ? `to ${until.toLocaleString("en")}` : "iteration"
  const when = make("div", { class: "when" }, at.toLocaleString("en"), make("small", {}, span))
  const buttons = places.map(([view, label]) =>
    make("button", { type: "button", onclick: () => send(place, view) }, label),
  )
  const nav = make("nav", { "aria-label": `Where to see ${title}` }, ...buttons)
  const heading = make("h3", {}, title)
  return make("li", { class: severity }, when, heading, make("p", {}, message), nav)
}
