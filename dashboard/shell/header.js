// The page's header: facts of the run, search, layout, theme and help; and the page's keys.

/** @import { Model } from "../widgets/component.js" */
/** @import { PageDocument } from "./connection.js" */
/** @import { SearchPlace } from "./search_box.js" */
import { icon, make } from "../widgets/dom.js"
import { AWAY_LIVE, CONNECTION_STYLE, Connection } from "./connection.js"
import { HEADER_STYLE } from "./header_style.js"
import { actOf, showHelp } from "./keys_and_help.js"
import { SearchBox } from "./search_box.js"
import { ThemeSwitch } from "./theme_switch.js"

/**
 * @typedef {Model<{
 *   facts: Record<"run" | "network" | "iterations" | "commit" | "updated", string>,
 *   live: { state: string, text: string, title: string }, views: string[], places: SearchPlace[],
 *   split: keyof typeof SPLITS, spacing: string, shown: string, plain: boolean, dark: boolean,
 * }>} HeaderModel
 */

// Milliseconds between redraws: the header shows how long ago the last commit was.
const REDRAW_EVERY = 30000
const FRAME = '<rect x="1.5" y="2.5" width="13" height="11" rx="1.5"/>'
const SPLITS = {
  "": [icon(FRAME), "One view"],
  beside: [icon(`${FRAME}<path d="M8 2.5v11"/>`), "Two views side by side"],
  below: [icon(`${FRAME}<path d="M1.5 8h13"/>`), "Two views, one below the other"],
}
/** @type {[seconds: number, unit: string][]} */
const UNITS = [
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
]

/**
 * How long ago a time was, in words.
 *
 * @param {string} iso
 * @param {number} [now] milliseconds
 */
export function ago(iso, now = Date.now()) {
  const seconds = (now - new Date(iso).getTime()) / 1000
  if (!Number.isFinite(seconds)) return ""
  const found = UNITS.find(([size]) => seconds >= size)
  if (!found) return "just now"
  const [size, unit] = found
  const count = Math.floor(seconds / size)
  return `${count} ${unit}${count > 1 ? "s" : ""} ago`
}

class Header {
  /**
   * @param {HeaderModel} model
   * @param {HTMLElement} el
   * @param {PageDocument | null} page
   */
  constructor(model, el, page) {
    this.model = model
    this.count = 0
    this.root = make("header", { class: "dt-header" })
    this.facts = make("div", { class: "dt-facts" })
    this.live = make("span", { class: "dt-live", role: "status" })
    this.split = make("button", { type: "button", onclick: () => this.nextSplit() })
    const themes = make("button", { type: "button", onclick: () => this.theme.next() })
    this.theme = new ThemeSwitch(themes, () => this.sendTheme())
    const brand = { class: "dt-brand", href: "./", title: "All runs of this server" }
    this.root.append(make("a", brand, "DeepTracker"), this.facts, ...this.tools())
    /** @type {HTMLDialogElement} */
    this.dialog = make("dialog", {
      class: "dt-dialog",
      onclick: (event) => {
        if (event.target === this.dialog) this.dialog.close()
      },
    })
    el.append(this.root, this.dialog)
    this.connection = new Connection(page, el, () => this.draw())
    this.pressed = (/** @type {KeyboardEvent} */ event) => this.key(event)
    document.addEventListener("keydown", this.pressed)
    this.clock = setInterval(() => this.draw(), REDRAW_EVERY)
    model.on(["facts", "live", "split", "spacing", "shown"], () => this.draw())
    model.on("places", () => this.search?.list())
    document.documentElement.dataset.dtFrame = "1"
    this.theme.apply()
    this.draw()
  }

  /** The buttons on the right; on a page without views only the theme's. */
  tools() {
    const dialog = { "aria-haspopup": "dialog", type: "button" }
    const search = make(
      "button",
      {
        ...dialog,
        title: "Search a class, layer or view (key /)",
        onclick: () => this.openSearch(),
      },
      "Search ",
      make("kbd", {}, "/"),
    )
    const help = make(
      "button",
      {
        ...dialog,
        title: "Keys and mouse (key ?)",
        "aria-label": "Help: keys and mouse",
        onclick: () => showHelp(this.dialog),
      },
      "?",
    )
    const { button } = this.theme
    return this.model.plain ? [button] : [this.live, search, this.split, button, help]
  }

  remove() {
    document.removeEventListener("keydown", this.pressed)
    this.theme.remove()
    clearInterval(this.clock)
  }

  /** @param {Record<string, unknown>} event */
  send(event) {
    this.count += 1
    this.model.event = { ...event, count: this.count }
  }

  /** The state of the connection and of the store. */
  get liveness() {
    return this.connection?.isLost ? AWAY_LIVE : this.model.live
  }

  draw() {
    const { split, spacing, shown } = this.model
    this.drawFacts()
    const live = this.liveness
    this.live.className = `dt-live dt-live-${live.state}`
    this.live.title = live.title
    if (this.live.textContent !== live.text) this.live.textContent = live.text
    const [sign, title] = SPLITS[split]
    this.split.innerHTML = sign
    this.split.title = `${title}; click or press s for the next layout`
    this.split.setAttribute("aria-label", this.split.title)
    const { dataset } = document.documentElement
    dataset.shown = shown
    if ((dataset.spacing || "ordinal") !== spacing) {
      dataset.spacing = spacing
      document.dispatchEvent(new CustomEvent("dt-spacing"))
    }
    this.report()
  }

  drawFacts() {
    const { run, network, iterations, updated, commit } = this.model.facts
    this.facts.replaceChildren()
    if (run) this.facts.append(make("h1", { title: run }, run))
    for (const text of [network, iterations]) {
      if (text) this.facts.append(make("span", { title: text }, text))
    }
    if (!updated) return
    const title = `Commit ${commit} of the store, ${updated}`
    this.facts.append(make("span", { title }, `last commit ${ago(updated)}`))
  }

  /** Record what is shown, for tests. */
  report() {
    const { split, facts } = this.model
    this.root.dataset.testid = "header"
    this.root.dataset.state = JSON.stringify({
      theme: this.theme.chosen,
      dark: this.theme.isDark,
      live: this.liveness.state,
      split,
      facts,
    })
  }

  /** Send the theme: the server draws figures for it. */
  sendTheme() {
    const dark = this.theme.isDark
    if (dark !== this.model.dark) this.send({ type: "theme", dark })
    this.report()
  }

  nextSplit() {
    const names = Object.keys(SPLITS)
    const split = names[(names.indexOf(this.model.split) + 1) % names.length]
    this.send({ type: "split", split })
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.model.plain || this.dialog.open) return
    const acts = {
      ArrowLeft: () => this.send({ type: "step", step: -1, anomalies: event.shiftKey }),
      ArrowRight: () => this.send({ type: "step", step: 1, anomalies: event.shiftKey }),
      "/": () => this.openSearch(),
      "?": () => showHelp(this.dialog),
      s: () => this.nextSplit(),
      t: () => this.theme.next(),
      a: () => this.send({ type: "spacing" }),
      Home: () => this.send({ type: "whole" }),
      Escape: () => {
        if (!document.fullscreenElement) this.send({ type: "drop" })
      },
    }
    actOf(event, acts, (number) => {
      const view = this.model.views[number - 1]
      if (view) this.send({ type: "view", view })
    })?.()
  }

  openSearch() {
    this.send({ type: "places" })
    this.search = new SearchBox(
      () => this.model.places,
      ([kind, , name]) => {
        this.dialog.close()
        this.send({ type: "open", kind, name })
      },
    )
    this.search.showIn(this.dialog)
  }
}

/** @param {{ model: HeaderModel, el: HTMLElement, view: any }} place */
export function render({ model, el, view }) {
  el.append(make("style", {}, HEADER_STYLE + CONNECTION_STYLE))
  const header = new Header(model, el, view.model.document)
  model.on("remove", () => header.remove())
}
