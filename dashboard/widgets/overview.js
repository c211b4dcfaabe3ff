// The whole run in a strip: where the window lies, to be dragged, and what it leaves out.

const OVERVIEW_HEIGHT = 22

class Overview {
  constructor(chart) {
    this.chart = chart
    this.canvas = document.createElement("canvas")
    this.canvas.className = "dt-overview"
    this.canvas.setAttribute("role", "img")
    this.canvas.addEventListener("pointerdown", (event) => this.down(event))
    this.canvas.addEventListener("pointermove", (event) => this.move(event))
    this.canvas.addEventListener("pointerup", () => { this.held = null })
    this.canvas.addEventListener("dblclick", () => chart.send({ type: "reset", row: "", line: -1, column: 0 }))
  }

  draw(width) {
    const { model } = this.chart
    const last = Math.max(0, model.iterations.length - 1)
    this.axis = new TimeAxis(model.iterations, 0, last, model.left, model.right, width)
    this.paint(crisp(this.canvas, width, OVERVIEW_HEIGHT))
    const [from, to] = [this.chart.first, this.chart.last].map((column) => model.iterations[column] ?? 0)
    this.canvas.setAttribute("aria-label",
      `The whole run; iterations ${from.toLocaleString("en")} to ${to.toLocaleString("en")} are shown.`)
  }

  paint(context) {
    const { axis, chart } = this
    const { model } = chart
    const top = 3, height = OVERVIEW_HEIGHT - 7
    context.textAlign = "left"
    context.fillStyle = FAINT
    context.fillText("whole run", 21, top + height / 2)
    context.fillStyle = PAPER
    context.fillRect(axis.left, top, axis.span, height)
    context.fillStyle = OUTLINE
    model.overview.forEach((share, column) => {
      const from = axis.edge(column), to = axis.edge(column + 1)
      context.fillRect(from, top + height * (1 - share), Math.max(0.6, to - from), height * share)
    })
    const from = axis.edge(chart.first), to = axis.edge(chart.last + 1)
    this.from = from
    this.to = to
    context.fillStyle = pale(SERIES[0], chart.isWhole ? 0.08 : 0.22)
    context.fillRect(from, top, to - from, height)
    context.strokeStyle = chart.isWhole ? LINE : ACCENT
    context.lineWidth = 1
    context.strokeRect(from + 0.5, top - 0.5, Math.max(2, to - from - 1), height + 1)
  }

  // A drag inside the window moves it, at its edges widens it; a press outside brings it there.
  down(event) {
    if (event.button) return
    const { chart } = this
    const x = event.offsetX
    if (!this.axis.holds(x)) return
    this.canvas.setPointerCapture(event.pointerId)
    const edge = Math.abs(x - this.from) < 5 ? "first" : Math.abs(x - this.to) < 5 ? "last" : ""
    if (!edge && (x < this.from || x > this.to)) this.shift(this.axis.column(x) - Math.round((chart.first + chart.last) / 2))
    this.held = { edge, column: this.axis.column(x), first: chart.first, last: chart.last }
  }

  move(event) {
    const { chart } = this
    const x = event.offsetX
    const near = Math.abs(x - this.from) < 5 || Math.abs(x - this.to) < 5
    this.canvas.style.cursor = near ? "ew-resize" : x > this.from && x < this.to ? "grab" : "pointer"
    if (!this.held) return
    const by = this.axis.column(x) - this.held.column
    const { edge, first, last } = this.held
    if (edge === "first") chart.zoomTo(Math.min(first + by, last - 1), last)
    else if (edge === "last") chart.zoomTo(first, Math.max(last + by, first + 1))
    else if (!chart.isWhole) this.shift(by, first, last)
  }

  shift(by, first = this.chart.first, last = this.chart.last) {
    const most = this.chart.model.iterations.length - 1 - last
    const step = Math.min(most, Math.max(-first, by))
    this.chart.zoomTo(first + step, last + step)
  }
}
