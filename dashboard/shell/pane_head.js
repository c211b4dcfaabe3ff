// The head of a pane: its tabs, and the tools of the view that is open: what it is, its link, its
// picture, its numbers, the whole screen.

const NAMESPACE = "http://www.w3.org/2000/svg"

function save(blob, name) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

class PaneHead {
  constructor(model, el) {
    this.model = model
    this.root = document.createElement("div")
    this.root.className = "dt-head"
    el.append(this.root)
    this.tabs = document.createElement("div")
    this.tabs.setAttribute("role", "tablist")
    this.tabs.setAttribute("aria-label", "Views")
    this.root.append(this.tabs)
    this.tabs.addEventListener("keydown", (event) => this.walk(event))
    this.count = 0
    const tools = document.createElement("div")
    tools.className = "dt-tools"
    this.root.append(tools)
    const button = (label, title, act) => {
      const made = document.createElement("button")
      made.type = "button"
      made.textContent = label
      made.title = title
      made.setAttribute("aria-label", title)
      made.addEventListener("click", () => act(made))
      tools.append(made)
      return made
    }
    this.help = button("?", "What am I looking at?", () => this.explain())
    this.help.setAttribute("aria-expanded", "false")
    button("Link", "Copy a link to this page as it stands now", (made) => this.link(made))
    button("PNG", "Save the charts of this view as a picture of twice the screen's resolution", () => this.png())
    button("SVG", "Save the charts of this view as scalable graphics", () => this.svg())
    button("CSV", "Save the numbers that this view shows", (made) => this.ask(made))
    this.full = button("", "Show this view on the whole screen; Escape leaves it", () => this.fill())
    this.full.innerHTML = '<svg width="13" height="13" viewBox="0 0 13 13" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true"><path d="M1 4.5V1h3.5M8.5 1H12v3.5M12 8.5V12H8.5M4.5 12H1V8.5"/></svg>'
    this.root.dataset.testid = `head-${model.pane}`
    this.said = document.createElement("div")
    this.said.className = "dt-said"
    this.said.setAttribute("role", "status")
    el.append(this.said)
    this.told = document.createElement("div")
    this.told.className = "dt-about"
    this.told.hidden = true
    this.told.setAttribute("role", "note")
    el.append(this.told)
    el.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.told.hidden) return
      event.stopPropagation()
      this.explain()
    })
    model.on("answer", () => this.answered())
    model.on(["tabs", "view"], () => this.drawTabs())
    this.drawTabs()
  }

  drawTabs() {
    const { model } = this
    const held = this.root.getRootNode().activeElement?.dataset.view
    this.tabs.hidden = !model.tabs.length
    this.tabs.replaceChildren(...model.tabs.map(([name, title, tip], place) => {
      const tab = document.createElement("button")
      tab.type = "button"
      tab.setAttribute("role", "tab")
      tab.dataset.view = name
      tab.textContent = title
      tab.title = `${tip} (key ${place + 1})`
      tab.setAttribute("aria-selected", String(name === model.view))
      tab.tabIndex = name === model.view ? 0 : -1
      tab.addEventListener("click", () => this.open(name))
      return tab
    }))
    if (held) this.tabs.querySelector("[aria-selected=true]")?.focus()
    this.told.hidden = true
    this.help.setAttribute("aria-expanded", "false")
    this.root.dataset.state = JSON.stringify({ view: model.view })
  }

  // The tab is shown as chosen at once; the server answers with its view.
  open(name) {
    if (name === this.model.view) return
    for (const tab of this.tabs.children) tab.setAttribute("aria-selected", String(tab.dataset.view === name))
    this.tell({ type: "tab", view: name })
  }

  walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!step) return
    event.preventDefault()
    const names = this.model.tabs.map(([name]) => name)
    this.open(names[(names.indexOf(this.model.view) + step + names.length) % names.length])
  }

  tell(event) {
    this.count += 1
    this.model.event = { ...event, count: this.count }
  }

  explain() {
    this.told.textContent = this.model.about
    this.told.hidden = !this.told.hidden
    this.help.setAttribute("aria-expanded", String(!this.told.hidden))
  }

  async link(button) {
    try { await navigator.clipboard.writeText(location.href) } catch (refused) {
      const field = document.createElement("textarea")
      field.value = location.href
      document.body.append(field)
      field.select()
      document.execCommand("copy")
      field.remove()
    }
    // No wider than before: the tools beside it stay where they are.
    button.style.width = `${button.getBoundingClientRect().width}px`
    button.textContent = "✓"
    this.said.textContent = "The link is copied."
    setTimeout(() => {
      button.textContent = "Link"
      button.style.width = this.said.textContent = ""
    }, 1500)
  }

  get caption() { return `${this.model.run} · ${this.model.title} · ${document.documentElement.dataset.shown || ""}` }

  name(ending) { return `${this.model.run}-${this.model.view}.${ending}`.replace(/[^\w.-]+/g, "-") }

  graphics() {
    const what = drawings(paneOf(this.root))
    if (what.found.length) {
      const context = graphicsOf(what, this.caption)
      const file = new Blob([context.text(this.caption)], { type: "image/svg+xml" })
      return { width: context.width, height: context.height, file }
    }
    this.told.textContent = "This view holds no chart; its numbers are in the CSV."
    this.told.hidden = false
    return null
  }

  // Graphics are painted twice as fine as the screen.
  async png() {
    const graphics = this.graphics()
    if (!graphics) return
    const picture = new Image(graphics.width, graphics.height)
    picture.src = URL.createObjectURL(graphics.file)
    await picture.decode()
    URL.revokeObjectURL(picture.src)
    const canvas = document.createElement("canvas")
    canvas.width = 2 * graphics.width
    canvas.height = 2 * graphics.height
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
    canvas.toBlob((blob) => save(blob, this.name("png")), "image/png")
  }

  svg() {
    const graphics = this.graphics()
    if (graphics) save(graphics.file, this.name("svg"))
  }

  ask(button) {
    this.asked = button
    button.disabled = true
    this.tell({ type: "csv" })
  }

  answered() {
    if (this.asked) this.asked.disabled = false
    const { csv, error } = this.model.answer
    if (error) {
      this.told.textContent = error
      this.told.hidden = false
    } else if (csv !== undefined) save(new Blob([csv], { type: "text/csv" }), this.name("csv"))
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen()
    else paneOf(this.root).requestFullscreen()
  }
}

const HEAD_STYLE = `
:host { position: relative; container-type: inline-size; }
.dt-head { display: flex; flex-wrap: wrap; gap: 0 2px; align-items: center; border-bottom: 1px solid var(--dt-line); }
[role=tablist] { display: flex; flex: 1 0 auto; max-width: 100%; overflow-x: auto; scrollbar-width: none; }
.dt-tools { display: flex; flex: none; gap: 2px; margin-left: auto; }
button { font: 500 11.5px/1 system-ui, "DejaVu Sans", sans-serif; color: var(--dt-faint);
  background: transparent; border: 1px solid transparent; border-radius: 5px; min-width: 28px;
  height: 26px; padding: 0 7px; cursor: pointer; }
button:hover, button[aria-expanded=true] { background: var(--dt-soft); color: var(--dt-accent);
  border-color: var(--dt-softline); }
button:focus-visible { outline: 2px solid var(--dt-accent); }
button:disabled { opacity: .5; cursor: progress; }
[role=tab] { font-size: 13px; height: 34px; padding: 0 14px; border-radius: 0; border: 0; }
[role=tab]:hover { background: var(--dt-soft); }
[role=tab][aria-selected=true] { color: var(--dt-accent); font-weight: 600;
  box-shadow: inset 0 -2px 0 var(--dt-accent); background: transparent; }
@container (max-width: 720px) { [role=tab] { padding: 0 8px; } [role=tablist]:not([hidden]) + .dt-tools button { padding: 0 4px; min-width: 24px; } }
.dt-said { position: absolute; right: 0; top: 34px; z-index: 15; padding: 3px 9px; border-radius: 4px; background: var(--dt-tip);
  color: #fff; font: 11px/1.45 system-ui, "DejaVu Sans", sans-serif; }
.dt-said:empty { display: none; }
.dt-about { position: absolute; right: 0; top: 32px; z-index: 15; width: min(460px, 90vw);
  box-sizing: border-box; white-space: pre-line; text-align: left; background: var(--dt-paper);
  color: var(--dt-ink); border: 1px solid var(--dt-softline); border-radius: 6px;
  padding: 12px 14px; font: 13px/1.5 system-ui, "DejaVu Sans", sans-serif;
  box-shadow: 0 6px 24px var(--dt-shadow); }
`

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = HEAD_STYLE
  el.append(style)
  new PaneHead(model, el)
}
