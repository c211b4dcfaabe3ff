// The strongest cells as a table; a row's name is a button that picks the cell.

/** @import { Place } from "../../widgets/component.js" */
import { make } from "../../widgets/dom.js"

/**
 * A class and a layer that were anomalous together. `filter` is -1 if the layer has none.
 *
 * @typedef {{
 *   class_: string, layer: string, iteration: string, images: number, filters: number,
 *   score: number, filter: number, filter_score: string,
 * }} Triple
 */
/** @typedef {(place: number, what: "cell" | "filter") => void} Send */

// Pixels of the longest bar.
const LONGEST = 34
const SCORE =
  "Score: geometric mean of anomalous images and anomalous filters, over the shown iterations."
const NONE =
  "No class and layer were anomalous at the same iteration. An anomaly needs earlier " +
  "snapshots: widen the window or lower k."

const TABLE_STYLE = `
.dt-triples {
  font: 12px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--dt-ink, #1f2933); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 700; font-size: 13px; padding: 2px 0 2px; }
p { margin: 8px 0 2px; color: var(--dt-faint, #52606d); }
th { text-align: left; font-weight: 500; color: var(--dt-faint, #52606d); padding: 2px 4px;
  border-bottom: 1px solid var(--dt-line, #d9dee4); }
td { padding: 4px; border-bottom: 1px solid var(--dt-line, #d9dee4); vertical-align: top;
  overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; }
tr.on { background: var(--dt-soft, #e8f1f8); }
tr:hover { background: var(--dt-grid, #eef1f4); }
button { font: inherit; text-align: left; color: var(--dt-accent, #0b4f7d); background: none;
  border: 0; padding: 0; cursor: pointer; }
button:hover { text-decoration: underline; }
button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); }
.f { color: var(--dt-faint, #52606d); }
.f button { color: inherit; text-decoration: underline dotted; }
.bar { display: block; height: 3px; margin-top: 3px; background: var(--dt-series-0, #0072B2);
  margin-left: auto; }
`

/** @param {number} count @param {string} what */
const some = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`

/** @param {Place<{ rows: Triple[], picked: number }>} place */
export function render({ model, el }) {
  const root = make("div", { class: "dt-triples" })
  el.append(make("style", {}, TABLE_STYLE), root)
  let count = 0
  /** @type {Send} */
  const send = (place, what) => {
    count += 1
    model.event = { place, what, count }
  }
  const draw = () => {
    const { rows, picked } = model
    root.dataset.testid = "triples"
    root.dataset.state = JSON.stringify({ rows, picked })
    const top = Math.max(1e-9, ...rows.map((row) => row.score))
    const lines = rows.map((row, place) => lineOf(row, place, top, send))
    if (lines[picked]) {
      lines[picked].className = "on"
      lines[picked].setAttribute("aria-current", "true")
    }
    root.replaceChildren(tableOf(lines), make("p", {}, rows.length ? SCORE : NONE))
  }
  model.on(["rows", "picked"], draw)
  draw()
}

/** @param {HTMLTableRowElement[]} lines */
function tableOf(lines) {
  const titles = [make("th", {}, "class · layer, iteration"), make("th", { class: "n" }, "score")]
  return make(
    "table",
    {},
    make("caption", {}, "Anomalous together"),
    make("thead", {}, make("tr", {}, ...titles)),
    make("tbody", {}, ...lines),
  )
}

/**
 * @param {Triple} row
 * @param {number} place
 * @param {number} top the greatest score
 * @param {Send} send
 */
function lineOf(row, place, top, send) {
  const whose = row.class_.startsWith("class") ? row.class_ : `class ${row.class_}`
  const images = `${some(row.images, "image")} of ${whose}`
  const filters = `${some(row.filters, "filter")} of ${row.layer}`
  const words = `${images} and ${filters} were anomalous at ${row.iteration}`
  const where = make("div", { class: "f" }, `at ${row.iteration}`)
  if (row.filter >= 0) {
    const title = `the layer's most anomalous filter there, score ${row.filter_score}`
    where.append(
      ", ",
      link(`filter ${row.filter}`, title, () => send(place, "filter")),
    )
  }
  const name = link(`${row.class_} · ${row.layer}`, words, () => send(place, "cell"))
  const bar = make("span", { class: "bar" })
  bar.style.width = `${Math.max(2, (LONGEST * row.score) / top)}px`
  const score = make("td", { class: "n", title: words }, row.score.toFixed(1), bar)
  return make("tr", {}, make("td", {}, name, where), score)
}

/**
 * @param {string} text
 * @param {string} title
 * @param {() => void} onclick
 */
function link(text, title, onclick) {
  return make("button", { type: "button", title, onclick }, text)
}
