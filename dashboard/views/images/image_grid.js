// Images as tiles that can be reached by keyboard. Pictures are drawn at whole multiples of their
// pixels, so that eight by eight pixels stay eight by eight squares.

const SIDES = { grid: 72, list: 32 }
// Letters that surely fit a line of a tile.
const UNBROKEN = 15
// The level of an outcome that was right, as in theme.py.
const RIGHT = 254

const STYLE = `
.dt-tiles { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 10px; }
.dt-tiles.list { display: block; }
.dt-tiles li { margin: 0; padding: 0; }
.dt-tiles button { font: inherit; color: var(--dt-ink, #1f2933); background: var(--dt-paper, #fff);
  border: 1px solid var(--dt-line, #d9dee4); border-radius: 5px; cursor: pointer; text-align: left; }
.dt-tiles.grid li { display: flex; }
.dt-tiles.grid button { width: 124px; padding: 8px; display: flex; flex-direction: column; }
.dt-tiles.list button { width: 100%; padding: 4px 6px; display: grid; gap: 0 9px; align-items: center;
  grid-template-columns: 34px 1fr; border-color: transparent; }
.dt-tiles button:hover { border-color: var(--dt-accent, #0b4f7d); }
.dt-tiles button:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); outline-offset: 1px; }
.dt-tiles button[aria-pressed=true] { border-color: var(--dt-pick, #b42318);
  box-shadow: inset 0 0 0 1px var(--dt-pick, #b42318); }
.dt-picture { display: flex; align-items: center; justify-content: center; background: #000;
  border-radius: 3px; overflow: hidden; }
.grid .dt-picture { flex: none; align-self: stretch; height: 80px; margin-bottom: 6px; }
.list .dt-picture { height: 34px; width: 34px; grid-row: 1 / span 2; }
.dt-picture canvas { image-rendering: pixelated; display: block; }
.dt-none { background: var(--dt-grid, #eef1f4); color: var(--dt-faint, #52606d); font-size: 11px; }
.dt-title { display: block; font-size: 12px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.dt-caption { display: flex; align-items: center; gap: 5px; font-size: 11px; white-space: nowrap;
  color: var(--dt-faint, #52606d); overflow: hidden; font-variant-numeric: tabular-nums; }
.grid .dt-caption { white-space: normal; overflow-wrap: anywhere; margin-bottom: 5px; }
.grid .dt-title { display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical;
  white-space: normal; overflow-wrap: anywhere; }
.dt-dot { flex: none; width: 8px; height: 8px; border-radius: 50%; box-sizing: border-box; }
.dt-dot.right { border: 2px solid var(--dt-good, #1a7f4b); }
.dt-dot.wrong { background: var(--dt-wrong, #c2410c); }
.dt-history { display: block; width: 100%; height: 7px; margin-top: auto; image-rendering: pixelated; }
.list .dt-history { grid-column: 2; height: 5px; margin-top: 2px; }
`

// A short name does not break: a title does between an image's name and its class.
function unbroken(name) { return name.length > UNBROKEN ? name : name.replaceAll(" ", "\u00a0") }

function rgb(style, name, other) {
  const text = style.getPropertyValue(name).trim() || other
  return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16))
}

class ImageGrid {
  constructor(model, root) {
    this.model = model
    this.root = root
    this.count = 0
    this.waiting = false
    this.redraw = () => this.later()
    document.addEventListener("dt-theme", this.redraw)
    this.system = matchMedia("(prefers-color-scheme: dark)")
    this.system.addEventListener("change", this.redraw)
  }

  end() {
    document.removeEventListener("dt-theme", this.redraw)
    this.system.removeEventListener("change", this.redraw)
  }

  later() {
    if (this.waiting) return
    this.waiting = true
    requestAnimationFrame(() => { this.waiting = false; this.draw() })
  }

  draw() {
    const { model, root } = this
    const focused = root.getRootNode().activeElement?.dataset?.id
    const list = document.createElement("ul")
    list.className = `dt-tiles ${model.layout}`
    list.setAttribute("aria-label", model.description)
    const selected = new Set(model.selected)
    model.tiles.forEach((tile, place) => {
      const item = document.createElement("li")
      item.appendChild(this.button(tile, place, selected.has(tile.id)))
      list.appendChild(item)
    })
    root.replaceChildren(list)
    if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus()
    this.report()
  }

  button(tile, place, pressed) {
    const button = document.createElement("button")
    button.type = "button"
    button.dataset.id = tile.id
    button.title = tile.title
    button.setAttribute("aria-pressed", pressed)
    const words = [tile.title, tile.caption, tile.state && `${tile.state} at the picked iteration`]
    button.setAttribute("aria-label", words.filter(Boolean).join(", "))
    button.appendChild(this.picture(place))
    const title = document.createElement("span")
    title.className = "dt-title"
    title.textContent = tile.title.split(" · ").map(unbroken).join(" · ")
    const caption = document.createElement("span")
    caption.className = "dt-caption"
    if (tile.state) {
      const dot = document.createElement("span")
      dot.className = `dt-dot ${tile.state}`
      caption.appendChild(dot)
    }
    caption.append(tile.caption)
    if (this.model.layout === "list") {
      const words = document.createElement("span")
      words.append(title, caption)
      button.appendChild(words)
    } else button.append(title, caption)
    if (this.model.columns) button.appendChild(this.history(place))
    button.addEventListener("click", () => {
      this.count += 1
      this.model.event = { id: tile.id, count: this.count }
    })
    return button
  }

  picture(place) {
    const frame = document.createElement("span")
    frame.className = "dt-picture"
    if (!this.model.shape.length) {
      frame.classList.add("dt-none")
      frame.textContent = this.model.layout === "grid" ? "no picture" : ""
      return frame
    }
    const [height, width, channels] = this.model.shape
    const side = SIDES[this.model.layout], longest = Math.max(height, width)
    const scale = longest <= side ? Math.floor(side / longest) : 1 / Math.ceil(longest / side)
    const canvas = document.createElement("canvas")
    canvas.width = width
    canvas.height = height
    canvas.style.width = `${width * scale}px`
    canvas.style.height = `${height * scale}px`
    if (scale < 1) canvas.style.imageRendering = "auto"
    const context = canvas.getContext("2d")
    const image = context.createImageData(width, height)
    const bytes = new Uint8Array(this.model.data)
    const start = place * height * width * channels
    for (let i = 0; i < width * height; i += 1) {
      for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = bytes[start + i * channels + (channels < 3 ? 0 : c)]
      image.data[4 * i + 3] = channels === 4 ? bytes[start + 4 * i + 3] : 255
    }
    context.putImageData(image, 0, 0)
    frame.appendChild(canvas)
    return frame
  }

  history(place) {
    const { columns, histories } = this.model
    const canvas = document.createElement("canvas")
    canvas.className = "dt-history"
    canvas.width = columns
    canvas.height = 1
    const style = getComputedStyle(document.documentElement)
    const wrong = rgb(style, "--dt-wrong", "#c2410c"), right = rgb(style, "--dt-right", "#dbe9f4")
    const missing = rgb(style, "--dt-missing", "#e2e5e9")
    const context = canvas.getContext("2d")
    const image = context.createImageData(columns, 1)
    const levels = new Uint8Array(histories).subarray(place * columns, (place + 1) * columns)
    levels.forEach((level, i) => {
      const mixed = wrong.map((from, channel) => Math.round(from + ((right[channel] - from) * level) / RIGHT))
      image.data.set([...(level > RIGHT ? missing : mixed), 255], 4 * i)
    })
    context.putImageData(image, 0, 0)
    return canvas
  }

  // What is shown, for tests.
  report() {
    const { model } = this
    this.root.dataset.testid = model.test_id
    this.root.dataset.state = JSON.stringify({
      tiles: model.tiles.map(({ id, caption, state }) => ({ id, caption, state })), selected: model.selected,
    })
  }
}

export function render({ model, el }) {
  const style = document.createElement("style")
  style.textContent = STYLE
  const root = document.createElement("div")
  el.append(style, root)
  const grid = new ImageGrid(model, root)
  model.on(["tiles", "data", "histories", "selected", "layout"], () => grid.later())
  model.on("remove", () => grid.end())
  grid.later()
}
