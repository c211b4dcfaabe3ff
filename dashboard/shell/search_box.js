// Search: suggestions while a person types; arrow keys move, Enter opens.

import { make } from "../widgets/dom.js"

/** An entry that can be searched. */
/** @typedef {[kind: string, label: string, name: unknown]} SearchPlace */

const MOST_SHOWN = 12

/**
 * Entries that contain the text: first those that start with it, then those with a word that starts
 * with it; shorter ones first.
 *
 * @param {SearchPlace[]} places
 * @param {string} words in lower case
 */
export function ranked(places, words) {
  if (!words) return places
  /** @param {SearchPlace} place */
  const rank = ([, label]) => {
    const at = label.toLowerCase().indexOf(words)
    if (at < 0) return -1
    const order = at === 0 ? 0 : /[\W_]/.test(label[at - 1]) ? 1 : 2
    return order * 1e6 + label.length
  }
  return places
    .map((place) => /** @type {[number, SearchPlace]} */ ([rank(place), place]))
    .filter(([found]) => found >= 0)
    .sort((a, b) => a[0] - b[0])
    .map(([, place]) => place)
}

/** A search field and its results, in a dialog. */
export class SearchBox {
  /**
   * @param {() => SearchPlace[]} places empty while they are being read
   * @param {(place: SearchPlace) => void} open
   */
  constructor(places, open) {
    this.places = places
    this.open = open
    this.at = 0
    /** @type {SearchPlace[]} */
    this.shown = []
    this.field = make("input", {
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-autocomplete": "list",
      "aria-controls": "dt-found",
      "aria-label": "Search a class, layer or view",
      placeholder: "Class, layer or view",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.list(),
      onkeydown: (event) => this.key(event),
    })
    this.found = make("ul", { id: "dt-found", role: "listbox", "aria-label": "Suggestions" })
    this.none = make("p", { class: "dt-none", role: "status" })
  }

  /** @param {HTMLDialogElement} dialog */
  showIn(dialog) {
    dialog.setAttribute("aria-label", "Search")
    dialog.dataset.testid = "search"
    dialog.replaceChildren(this.field, this.found, this.none)
    dialog.showModal()
    this.field.focus()
    this.list()
  }

  /** List the entries that match the typed text. */
  list() {
    const all = this.places()
    this.shown = ranked(all, this.field.value.toLowerCase().trim()).slice(0, MOST_SHOWN)
    this.at = 0
    this.found.replaceChildren(...this.shown.map((place, i) => this.entry(place, i)))
    const nothing = all.length ? "No match." : "Reading the names…"
    this.none.textContent = this.shown.length ? "" : nothing
    this.mark()
  }

  /**
   * @param {SearchPlace} place
   * @param {number} i
   */
  entry(place, i) {
    const [kind, label] = place
    const look = { id: `dt-found-${i}`, role: "option" }
    const onclick = () => this.open(place)
    return make("li", { ...look, onclick }, make("span", { class: "dt-kind" }, kind), label)
  }

  /** Mark the suggestion that Enter opens. */
  mark() {
    for (const [i, entry] of [...this.found.children].entries()) {
      entry.setAttribute("aria-selected", String(i === this.at))
      if (i !== this.at) continue
      entry.scrollIntoView({ block: "nearest" })
      this.field.setAttribute("aria-activedescendant", entry.id)
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { shown } = this
    const step = /** @type {Record<string, number>} */ ({ ArrowUp: -1, ArrowDown: 1 })[event.key]
    if (step && shown.length) {
      event.preventDefault()
      this.at = (this.at + step + shown.length) % shown.length
      this.mark()
    } else if (event.key === "Enter" && shown[this.at]) {
      event.preventDefault()
      this.open(shown[this.at])
    }
  }
}
