// The head of a pane: its tabs, and the tools of the open view: explanation, link, pictures,
// numbers, full screen.

/** @import { Model } from "../widgets/component.js" */
import { focusedData, make } from "../widgets/dom.js"
import { paneOf } from "../widgets/full_screen.js"
import { HEAD_STYLE } from "./pane_style.js"
import { drawings, graphicsOf } from "./picture.js"
import { copyText, rasterised, save } from "./saving.js"

/**
 * @typedef {Model<{
 *   pane: string, tabs: [view: string, title: string, tip: string][], view: string,
 *   title: string, about: string, run: string, answer: { csv?: string, error?: string },
 * }>} PaneModel
 */

// Milliseconds for which the tool shows that the link is copied.
const COPIED = 1500
const FULL =
  '<svg width="13" height="13" viewBox="0 0 13 13" fill="none" stroke="currentColor" ' +
  'stroke-width="1.5" aria-hidden="true">' +
  '<path d="M1 4.5V1h3.5M8.5 1H12v3.5M12 8.5V12H8.5M4.5 12H1V8.5"/></svg>'

class PaneHead {
  /**
   * @param {PaneModel} model
   * @param {HTMLElement} el
   */
  constructor(model, el) {
    this.model = model
    this.count = 0
    /** The button that waits for the server's numbers. @type {HTMLButtonElement | undefined} */
    this.waitingButton = undefined
    this.tabs = make("div", {
      role: "tablist",
      "aria-label": "Views",
      onkeydown: (event) => this.walk(event),
    })
    this.help = tool("?", "What am I looking at?", () => this.toggleAbout())
    this.help.setAttribute("aria-expanded", "false")
    const tools = make("div", { class: "dt-tools" }, this.help, ...this.tools())
    this.root = make("div", { class: "dt-head" }, this.tabs, tools)
    this.root.dataset.testid = `head-${model.pane}`
    this.status = make("div", { class: "dt-status", role: "status" })
    this.about = make("div", { class: "dt-about", hidden: "", role: "note" })
    el.append(this.root, this.status, this.about)
    el.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.about.hidden) return
      event.stopPropagation()
      this.toggleAbout()
    })
    model.on("answer", () => this.onAnswer())
    model.on(["tabs", "view"], () => this.drawTabs())
    this.drawTabs()
  }

  tools() {
    const png = "Save the charts of this view as a picture of twice the screen's resolution"
    const full = tool("", "Show this view in full screen; Escape leaves it", () => this.fill())
    full.innerHTML = FULL
    return [
      tool("Link", "Copy a link to the current state of this page", (made) => this.link(made)),
      tool("PNG", png, () => this.png()),
      tool("SVG", "Save the charts of this view as scalable graphics", () => this.svg()),
      tool("CSV", "Save the numbers that this view shows", (made) => this.ask(made)),
      full,
    ]
  }

  drawTabs() {
    const { tabs, view } = this.model
    const held = focusedData(this.root, "view")
    this.tabs.hidden = !tabs.length
    this.tabs.replaceChildren(
      ...tabs.map(([name, title, tip], place) => {
        const look = { title: `${tip} (key ${place + 1})`, "data-view": name }
        const onclick = () => this.open(name)
        const tab = make("button", { type: "button", role: "tab", ...look, onclick }, title)
        tab.setAttribute("aria-selected", String(name === view))
        tab.tabIndex = name === view ? 0 : -1
        return tab
      }),
    )
    /** @type {HTMLElement | null} */
    const chosen = held ? this.tabs.querySelector("[aria-selected=true]") : null
    chosen?.focus()
    this.about.hidden = true
    this.help.setAttribute("aria-expanded", "false")
    this.root.dataset.state = JSON.stringify({ view })
  }

  /**
   * Mark a tab as chosen at once, and request its view from the server.
   *
   * @param {string} name
   */
  open(name) {
    if (name === this.model.view) return
    for (const tab of /** @type {Iterable<HTMLElement>} */ (this.tabs.children)) {
      tab.setAttribute("aria-selected", String(tab.dataset.view === name))
    }
    this.send({ type: "tab", view: name })
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!step) return
    event.preventDefault()
    const names = this.model.tabs.map(([name]) => name)
    this.open(names[(names.indexOf(this.model.view) + step + names.length) % names.length])
  }

  /** @param {Record<string, unknown>} event */
  send(event) {
    this.count += 1
    this.model.event = { ...event, count: this.count }
  }

  toggleAbout() {
    this.about.textContent = this.model.about
    this.about.hidden = !this.about.hidden
    this.help.setAttribute("aria-expanded", String(!this.about.hidden))
  }

  /** @param {string} text */
  showError(text) {
    this.about.textContent = text
    this.about.hidden = false
  }

  /** @param {HTMLButtonElement} button */
  async link(button) {
    await copyText(location.href)
    // Keep the width, so that the other tools do not move.
    button.style.width = `${button.getBoundingClientRect().width}px`
    button.textContent = "✓"
    this.status.textContent = "The link is copied."
    setTimeout(() => {
      button.textContent = "Link"
      button.style.width = this.status.textContent = ""
    }, COPIED)
  }

  get caption() {
    const { run, title } = this.model
    return `${run} · ${title} · ${document.documentElement.dataset.shown || ""}`
  }

  /** @param {string} ending */
  name(ending) {
    return `${this.model.run}-${this.model.view}.${ending}`.replace(/[^\w.-]+/g, "-")
  }

  graphics() {
    const what = drawings(paneOf(this.root))
    if (!what.found.length) {
      this.showError("This view has no chart. Save its numbers as CSV.")
      return null
    }
    const context = graphicsOf(what, this.caption)
    const file = new Blob([context.text(this.caption)], { type: "image/svg+xml" })
    return { width: context.width, height: context.height, file }
  }

  async png() {
    const graphics = this.graphics()
    if (graphics) save(await rasterised(graphics), this.name("png"))
  }

  svg() {
    const graphics = this.graphics()
    if (graphics) save(graphics.file, this.name("svg"))
  }

  /** @param {HTMLButtonElement} button */
  ask(button) {
    this.waitingButton = button
    button.disabled = true
    this.send({ type: "csv" })
  }

  onAnswer() {
    if (this.waitingButton) this.waitingButton.disabled = false
    const { csv, error } = this.model.answer
    if (error) this.showError(error)
    else if (csv !== undefined) save(new Blob([csv], { type: "text/csv" }), this.name("csv"))
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen()
    else paneOf(this.root).requestFullscreen()
  }
}

/**
 * @param {string} label
 * @param {string} title
 * @param {(made: HTMLButtonElement) => void} act
 */
function tool(label, title, act) {
  const made = make("button", { type: "button", title, "aria-label": title }, label)
  made.addEventListener("click", () => act(made))
  return made
}

/** @param {{ model: PaneModel, el: HTMLElement }} place */
export function render({ model, el }) {
  el.append(make("style", {}, HEAD_STYLE))
  new PaneHead(model, el)
}
