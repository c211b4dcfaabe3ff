// Where items stand along the cube's axes, 0..1 of what is shown, and the other way round. Classes and
// layers are evenly wide; iterations are, or stand where they were recorded, as on every time axis.

class EvenScale {
  constructor({ first, last }) { Object.assign(this, { first, last }) }
  get isTrue() { return false }
  edge(item) { return (item - this.first) / (this.last - this.first) }
  centre(item) { return this.edge(item + 0.5) }
  // The item at a share, with how far into it.
  item(share) { return this.first + share * (this.last - this.first) }
}

class TimeScale {
  constructor({ first, last }, iterations) {
    Object.assign(this, { first, last, iterations })
    this.axis = this.of(1)
  }
  get isTrue() { return this.axis.isTrue }
  of(width) { return new TimeAxis(this.iterations, this.first, this.last - 1, 0, 0, width) }
  edge(item) { return this.axis.edge(item) }
  centre(item) { return this.axis.centre(item) }
  item(share) {
    if (!this.isTrue) return this.first + share * (this.last - this.first)
    const column = this.axis.column(share)
    const from = this.edge(column), to = this.edge(column + 1)
    return column + Math.min(0.999, Math.max(0, (share - from) / (to - from)))
  }
  // Round iterations to label, `room` of them at most.
  labels(room) {
    const width = 74 * Math.max(1, room)
    return this.of(width).labels().map(({ x, value }) => ({ at: x / width, text: value.toLocaleString("en") }))
  }
}

// Which cells each pixel along an axis stands for: [first, last] of each. Even cells share pixels by
// `step`. Cells of any width, given by their edges, have the pixels whose middle lies in them, and the
// one they lie in where they are too narrow for that: none is lost.
function evenRuns(cells, step) {
  const runs = []
  for (let cell = 0; cell < cells; cell += step) runs.push([cell, Math.min(cells, cell + step) - 1])
  return runs
}

function unevenRuns(edges, pixels) {
  const runs = Array.from({ length: pixels }, () => null)
  const [start, end] = [edges[0], edges[edges.length - 1]]
  const at = (edge) => ((edge - start) / (end - start)) * pixels
  for (let cell = 0; cell + 1 < edges.length; cell += 1) {
    const from = Math.ceil(at(edges[cell]) - 0.5), to = Math.ceil(at(edges[cell + 1]) - 0.5)
    const narrow = Math.min(pixels - 1, Math.floor((at(edges[cell]) + at(edges[cell + 1])) / 2))
    const [first, last] = from < to ? [from, to - 1] : [narrow, narrow]
    for (let pixel = first; pixel <= last; pixel += 1) {
      if (runs[pixel]) runs[pixel][1] = cell
      else runs[pixel] = [cell, cell]
    }
  }
  return runs
}
