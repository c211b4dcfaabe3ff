// The page's header and what belongs to the whole page: theme, keys, search and help.

function icon(path) {
  return `<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" aria-hidden="true">${path}</svg>`
}

const THEMES = { system: "Theme: as the system says", light: "Theme: light", dark: "Theme: dark" }
const SIGNS = { system: icon('<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor"/>'), light: icon('<circle cx="8" cy="8" r="3"/><path d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M13 3l-1.4 1.4M4.4 11.6 3 13"/>'), dark: icon('<path d="M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z"/>') }
const SPLITS = {
  "": [icon('<rect x="1.5" y="2.5" width="13" height="11" rx="1.5"/>'), "One view"],
  beside: [icon('<rect x="1.5" y="2.5" width="13" height="11" rx="1.5"/><path d="M8 2.5v11"/>'), "Two views side by side"],
  below: [icon('<rect x="1.5" y="2.5" width="13" height="11" rx="1.5"/><path d="M1.5 8h13"/>'), "Two views, one below the other"],
}
const KEYS = [
  ["← →", "pick the snapshot before or after the picked one"],
  ["shift ← →", "pick the anomalous iteration or finding before or after"],
  ["1 … 6", "open a view"],
  ["/", "search a class, layer or view"],
  ["s", "split: one view, side by side, one below the other"],
  ["t", "theme: as the system says, light, dark"],
  ["a", "axis: snapshots evenly wide, or at their true iterations"],
  ["Home", "show all iterations again"],
  ["?", "this help"],
  ["Esc", "close what is open; then drop the picked iterations"],
  ["↑ ↓ Enter", "in a chart: walk through its rows, open one"],
]
const MOUSE = [
  ["click", "pick an iteration; with shift beside those picked"],
  ["drag on the timeline", "set the window of all charts"],
  ["wheel on the timeline", "zoom about the pointer; with shift move along"],
  ["double click", "show all iterations again"],
]

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value)
    else made.setAttribute(name, value)
  }
  made.append(...children)
  return made
}

function ago(iso) {
  const seconds = (Date.now() - new Date(iso).getTime()) / 1000
  if (!Number.isFinite(seconds)) return ""
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([size]) => seconds >= size) || [1, ""]
  if (!unit) return "just now"
  const count = Math.floor(seconds / size)
  return `${count} ${unit}${count > 1 ? "s" : ""} ago`
}

class Header {
  constructor(model, el, page) {
    this.model = model
    this.el = el
    this.count = 0
    this.root = make("header", { class: "dt-header" })
    this.facts = make("div", { class: "dt-facts" })
    this.live = make("span", { class: "dt-live", role: "status" })
    this.search = make("button", { type: "button", title: "Search a class, layer or view (key /)", "aria-haspopup": "dialog", onclick: () => this.openSearch() }, "Search ", make("kbd", {}, "/"))
    this.split = make("button", { type: "button", onclick: () => this.turnSplit() })
    this.theme = make("button", { type: "button", onclick: () => this.turnTheme() })
    this.help = make("button", { type: "button", title: "Keys and mouse (key ?)", "aria-label": "Help: keys and mouse", "aria-haspopup": "dialog", onclick: () => this.openHelp() }, "?")
    this.root.append(make("a", { class: "dt-brand", href: "./", title: "All runs of this server" }, "DeepTracker"), this.facts, this.live, this.search, this.split, this.theme, this.help)
    this.dialog = make("dialog", { class: "dt-dialog", onclick: (event) => { if (event.target === this.dialog) this.dialog.close() } })
    el.append(this.root, this.dialog)
    this.connection = new Connection(page, el, () => this.draw())
    if (model.plain) for (const tool of [this.search, this.split, this.help, this.live]) tool.remove()
    this.pressed = (event) => this.key(event)
    document.addEventListener("keydown", this.pressed)
    this.clock = setInterval(() => this.draw(), 30000)
    this.system = matchMedia("(prefers-color-scheme: dark)")
    this.resystem = () => this.tellTheme()
    this.system.addEventListener("change", this.resystem)
    model.on(["facts", "live", "split", "spacing", "shown"], () => this.draw())
    model.on("places", () => this.list?.())
    this.chosen = this.remembered()
    document.documentElement.dataset.dtFrame = "1"
    this.applyTheme()
    this.draw()
  }

  remove() {
    document.removeEventListener("keydown", this.pressed)
    this.system.removeEventListener("change", this.resystem)
    clearInterval(this.clock)
  }

  tell(event) {
    this.count += 1
    this.model.event = { ...event, count: this.count }
  }

  draw() {
    const { facts, split, spacing, shown } = this.model
    const live = this.connection.isLost ? AWAY_LIVE : this.model.live
    const entries = [["h1", facts.run], ["span", facts.network], ["span", facts.iterations]]
    this.facts.replaceChildren(...entries.filter(([, text]) => text).map(([tag, text]) => make(tag, { title: text }, text)))
    if (facts.updated) {
      this.facts.append(make("span", { title: `Commit ${facts.commit} of the store, ${facts.updated}` }, `last commit ${ago(facts.updated)}`))
    }
    this.live.className = `dt-live dt-live-${live.state}`
    this.live.title = live.title
    if (this.live.textContent !== live.text) this.live.textContent = live.text
    const [sign, title] = SPLITS[split]
    this.split.innerHTML = sign
    this.split.title = `${title}; click or press s for the next layout`
    this.split.setAttribute("aria-label", this.split.title)
    document.documentElement.dataset.shown = shown
    if ((document.documentElement.dataset.spacing || "ordinal") !== spacing) {
      document.documentElement.dataset.spacing = spacing
      document.dispatchEvent(new CustomEvent("dt-spacing"))
    }
    this.report()
  }

  report() {
    this.root.dataset.testid = "header"
    this.root.dataset.state = JSON.stringify({ theme: this.chosen, dark: this.isDark, live: this.connection.isLost ? AWAY_LIVE.state : this.model.live.state, split: this.model.split, facts: this.model.facts })
  }

  // Themes.
  remembered() {
    try { return localStorage.getItem("dt-theme") || "system" } catch (refused) { return "system" }
  }

  get isDark() { return this.chosen === "system" ? this.system.matches : this.chosen === "dark" }

  turnTheme() {
    const names = Object.keys(THEMES)
    this.chosen = names[(names.indexOf(this.chosen) + 1) % names.length]
    try { localStorage.setItem("dt-theme", this.chosen) } catch (refused) { /* not remembered */ }
    this.applyTheme()
  }

  applyTheme() {
    const { dataset } = document.documentElement
    if (this.chosen === "system") delete dataset.theme
    else dataset.theme = this.chosen
    this.theme.innerHTML = SIGNS[this.chosen]
    this.theme.title = `${THEMES[this.chosen]}; click or press t for the next`
    this.theme.setAttribute("aria-label", this.theme.title)
    document.dispatchEvent(new CustomEvent("dt-theme"))
    this.tellTheme()
  }

  // The server draws figures for the theme; a cookie tells it before the page is there.
  tellTheme() {
    document.cookie = `dt-dark=${this.isDark ? 1 : 0}; path=/; max-age=31536000; samesite=lax`
    if (this.isDark !== this.model.dark) this.tell({ type: "theme", dark: this.isDark })
    this.report()
  }

  turnSplit() {
    const names = Object.keys(SPLITS)
    this.tell({ type: "split", split: names[(names.indexOf(this.model.split) + 1) % names.length] })
  }

  // Keys, while nobody types.
  key(event) {
    const at = event.composedPath()[0]
    const isField = at instanceof Element && at.matches("input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable=true]")
    if (this.model.plain || event.defaultPrevented || isField || event.ctrlKey || event.metaKey || event.altKey || this.dialog.open) return
    const act = {
      ArrowLeft: () => this.tell({ type: "step", step: -1, anomalies: event.shiftKey }),
      ArrowRight: () => this.tell({ type: "step", step: 1, anomalies: event.shiftKey }),
      "/": () => this.openSearch(),
      "?": () => this.openHelp(),
      s: () => this.turnSplit(),
      t: () => this.turnTheme(),
      a: () => this.tell({ type: "spacing" }),
      Home: () => this.tell({ type: "whole" }),
      Escape: () => { if (!document.fullscreenElement) this.tell({ type: "drop" }) },
    }[event.key]
    const isSlider = at instanceof Element && at.matches("input[type=range], [role=slider], [role=separator]")
    if (isSlider && event.key.startsWith("Arrow")) return
    if (act) { event.preventDefault(); act() }
    else if (/^[1-9]$/.test(event.key) && this.model.views[event.key - 1]) this.tell({ type: "view", view: this.model.views[event.key - 1] })
  }

  openHelp() {
    const table = (title, rows) => make("section", {}, make("h3", {}, title), make("dl", {}, ...rows.flatMap(([key, does]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)])))
    this.dialog.setAttribute("aria-label", "Keys and mouse")
    this.dialog.dataset.testid = "help"
    this.dialog.replaceChildren(
      make("button", { type: "button", class: "dt-close", "aria-label": "Close", onclick: () => this.dialog.close() }, "×"),
      make("h2", {}, "Keys and mouse"), table("Keys", KEYS), table("Mouse", MOUSE))
    this.dialog.showModal()
  }

  // Search: suggestions as one types; arrows walk, Enter opens.
  openSearch() {
    this.tell({ type: "places" })
    const field = make("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list", "aria-controls": "dt-found", "aria-label": "Search a class, layer or view", placeholder: "Class, layer or view", autocomplete: "off", spellcheck: "false" })
    const found = make("ul", { id: "dt-found", role: "listbox", "aria-label": "Suggestions" })
    const none = make("p", { class: "dt-none", role: "status" })
    let at = 0, shown = []
    const open = (place) => {
      this.dialog.close()
      this.tell({ type: "open", kind: place[0], name: place[2] })
    }
    const mark = () => [...found.children].forEach((entry, i) => {
      entry.setAttribute("aria-selected", String(i === at))
      if (i === at) { entry.scrollIntoView({ block: "nearest" }); field.setAttribute("aria-activedescendant", entry.id) }
    })
    this.list = () => {
      const words = field.value.toLowerCase().trim()
      shown = ranked(this.model.places, words).slice(0, 12)
      at = 0
      found.replaceChildren(...shown.map((place, i) => make("li", { id: `dt-found-${i}`, role: "option", onclick: () => open(place) }, make("span", { class: "dt-kind" }, place[0]), place[1])))
      none.textContent = shown.length ? "" : this.model.places.length ? "Nothing of that name." : "Reading the names…"
      mark()
    }
    field.addEventListener("input", this.list)
    field.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
      if (step && shown.length) { event.preventDefault(); at = (at + step + shown.length) % shown.length; mark() }
      else if (event.key === "Enter" && shown[at]) { event.preventDefault(); open(shown[at]) }
    })
    this.dialog.setAttribute("aria-label", "Search")
    this.dialog.dataset.testid = "search"
    this.dialog.replaceChildren(field, found, none)
    this.dialog.showModal()
    field.focus()
    this.list()
  }
}

// Places that hold the words: those that begin so first, then the shorter.
function ranked(places, words) {
  if (!words) return places
  const rank = ([, label]) => {
    const at = label.toLowerCase().indexOf(words)
    return at < 0 ? -1 : (at === 0 ? 0 : /[\W_]/.test(label[at - 1]) ? 1 : 2) * 1e6 + label.length
  }
  return places.map((place) => [rank(place), place]).filter(([r]) => r >= 0).sort((a, b) => a[0] - b[0]).map(([, place]) => place)
}

const HEADER_STYLE = `
.dt-header { display: flex; align-items: center; gap: 6px; height: 42px; padding: 0 12px 0 20px;
  background: #12212e; color: #c9d3dc; font: 13px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; white-space: nowrap; box-shadow: inset 0 -1px 0 #2b3d4d; }
.dt-brand { color: #fff; font-weight: 700; font-size: 15px; letter-spacing: .2px; text-decoration: none; margin-right: 18px; }
.dt-facts { display: flex; gap: 20px; min-width: 0; flex: 1 1 auto; overflow: hidden; }
.dt-facts > * { overflow: hidden; text-overflow: ellipsis; }
.dt-facts h1 { color: #fff; flex: none; font: inherit; font-weight: 700; margin: 0; }
.dt-live { margin-left: 16px; display: inline-flex; align-items: center; gap: 6px; font-size: 12px; }
.dt-live::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: #6f8496; }
.dt-live-following::before { background: #4fc78a; }
.dt-live-new::before { background: #f2b93b; animation: dt-pulse 1s ease-in-out 6; }
.dt-live-new { color: #f6d58c; }
.dt-live-lost::before, .dt-live-away::before { background: #ff7b6b; }
.dt-live-lost, .dt-live-away { color: #ffb4a9; }
@keyframes dt-pulse { 50% { transform: scale(1.7); opacity: .5 } }
@media (prefers-reduced-motion: reduce) { .dt-live::before { animation: none !important } }
.dt-header button { background: transparent; color: #e4ebf1; border: 1px solid transparent; border-radius: 5px;
  min-width: 32px; height: 28px; padding: 0 8px; font: inherit; cursor: pointer; display: inline-flex; align-items: center; justify-content: center; gap: 6px; }
.dt-header button:hover { background: #233747; border-color: #41576a; }
.dt-header :focus-visible { outline: 2px solid #8fd0f7; outline-offset: 1px; }
kbd { font: 11px/1 ui-monospace, "DejaVu Sans Mono", monospace; border: 1px solid currentColor; border-radius: 3px; padding: 1px 5px; opacity: .9; white-space: nowrap; }
.dt-dialog { border: 1px solid var(--dt-line); border-radius: 10px; background: var(--dt-paper); color: var(--dt-ink);
  padding: 18px 22px; width: min(560px, 90vw); box-sizing: border-box; box-shadow: 0 18px 60px var(--dt-shadow); margin-top: 9vh;
  max-height: 82vh; overflow: auto; font: 13px/1.5 system-ui, "DejaVu Sans", sans-serif; }
.dt-dialog::backdrop { background: rgba(8,14,20,.45); }
.dt-dialog h2 { font-size: 15px; margin: 0 0 8px; } .dt-dialog h3 { font-size: 12px; color: var(--dt-faint); margin: 12px 0 6px; }
.dt-dialog dl { display: grid; grid-template-columns: 172px 1fr; gap: 5px 14px; margin: 0; } .dt-dialog dd { margin: 0; }
.dt-close { position: absolute; right: 12px; top: 10px; border: 0; background: transparent; color: var(--dt-faint); font-size: 20px; cursor: pointer; }
.dt-dialog input { width: 100%; box-sizing: border-box; font: 15px/1.4 system-ui, "DejaVu Sans", sans-serif; padding: 8px 12px; border-radius: 7px;
  border: 1px solid var(--dt-field); background: var(--dt-ground); color: var(--dt-ink); }
.dt-dialog input:focus { outline: 2px solid var(--dt-accent); }
.dt-dialog ul { list-style: none; margin: 10px 0 0; padding: 0; }
.dt-dialog li { padding: 6px 10px; border-radius: 5px; cursor: pointer; overflow: hidden; text-overflow: ellipsis; }
.dt-dialog li[aria-selected=true], .dt-dialog li:hover { background: var(--dt-soft); color: var(--dt-accent); }
.dt-kind { display: inline-block; width: 74px; color: var(--dt-faint); font-size: 12px; }
.dt-none { color: var(--dt-faint); margin: 8px 10px 0; } .dt-none:empty { display: none; }
`

export function render({ model, el, view }) {
  const style = document.createElement("style")
  style.textContent = HEADER_STYLE + CONNECTION_STYLE
  el.append(style)
  const header = new Header(model, el, view.model.document)
  model.on("remove", () => header.remove())
}
