// A face's numbers as a picture, in the theme's colours; what is not significant is pale and hatched.

const NOTHING = 65535
const HATCHED_AT_MOST = 40000
const MOST_PIXELS = 2048
// How much of its colour a cell keeps that is not significant, or outside the slice.
const FADED = 0.3

class FacePicture {
  // `face` is what the server sends: codes of 16 bits, and how to read and colour them.
  constructor(face, tables) {
    Object.assign(this, face)
    this.codes = new Uint16Array(new Uint8Array(face.codes).slice().buffer)
    this.faded = face.faded ? new Uint8Array(face.faded) : null
    this.also = Object.entries(face.also || {}).map(([name, codes]) => (
      [name, new Uint16Array(new Uint8Array(codes).slice().buffer)]
    ))
    this.tables = tables
  }

  value(place) {
    const code = this.codes[place]
    return code === NOTHING ? NaN : this.offset + this.scale * code
  }

  level(value) {
    const stretch = this.root ? Math.sqrt : (number) => number
    const low = stretch(this.low), high = stretch(this.high)
    const share = high > low ? (stretch(value) - low) / (high - low) : 0
    return Math.round(254 * Math.min(1, Math.max(0, share)))
  }

  table() {
    const bytes = new Uint8Array(this.tables[this.palette])
    const start = DARK && bytes.length >= 2048 ? 1024 : 0
    return bytes.slice(start, start + 1024)
  }

  // The cell to draw in each pixel: of those that share one, the strongest.
  drawn(across, down) {
    const chosen = new Uint32Array(across.length * down.length)
    const strength = (place) => {
      if (this.codes[place] === NOTHING) return -1
      const kept = this.faded && this.faded[place] ? 0 : 1e6
      return kept + Math.abs(this.value(place))
    }
    let pixel = 0
    for (const [top, bottom] of down) {
      for (const [left, right] of across) {
        let best = top * this.width + left
        if (top < bottom || left < right) {
          let most = -2
          for (let row = top; row <= bottom; row += 1) {
            for (let column = left; column <= right; column += 1) {
              const place = row * this.width + column, found = strength(place)
              if (found > most) { most = found; best = place }
            }
          }
        }
        chosen[pixel] = best
        pixel += 1
      }
    }
    return chosen
  }

  canvas(across, down, key) {
    if (this.key === key) return this.picture
    this.key = key
    const [columns, rows] = [across(), down()]
    const chosen = this.drawn(columns, rows)
    const width = columns.length, height = rows.length
    const table = this.table()
    const image = new ImageData(width, height)
    const paper = DARK ? [19, 27, 36] : [255, 255, 255]
    for (let pixel = 0; pixel < width * height; pixel++) {
      const place = chosen[pixel]
      const level = this.codes[place] === NOTHING ? 255 : this.level(this.value(place))
      const strength = this.faded && this.faded[place] ? FADED : 1
      for (let channel = 0; channel < 3; channel++) {
        const colour = table[4 * level + channel]
        image.data[4 * pixel + channel] = Math.round(strength * colour + (1 - strength) * paper[channel])
      }
      image.data[4 * pixel + 3] = 255
    }
    this.picture = new OffscreenCanvas(width, height)
    this.picture.getContext("2d").putImageData(image, 0, 0)
    return this.picture
  }

  // How many pixels of the screen an extent of each axis has, a sheared face being thinner.
  pixels([a, b, c, d], w, h) {
    const area = Math.abs(a * d - b * c), ratio = window.devicePixelRatio || 1
    return [(area / Math.hypot(c, d)) * w * ratio, (area / Math.hypot(a, b)) * h * ratio]
  }

  // The ramp of the legend.
  gradient() {
    const table = this.table()
    const stops = []
    for (let level = 0; level <= 254; level += 127 / 8) {
      const at = 4 * Math.round(level)
      stops.push(`rgb(${table[at]},${table[at + 1]},${table[at + 2]})`)
    }
    return `linear-gradient(to right, ${stops.join(",")})`
  }

  // How a picture's cells lie along an axis: where they start and how long they are in shares of what
  // is shown, which cells each of the picture's own pixels stands for, and a name of all that.
  laid(axis, cells, scale, pixels) {
    const at = scale.edge(axis.first)
    if (!scale.isTrue) {
      const long = (cells * axis.step) / (scale.last - scale.first)
      const step = Math.max(1, Math.ceil(cells / Math.max(1, pixels(long))))
      const count = Math.ceil(cells / step)
      return { at, long: (long * count * step) / cells, cell: long / cells, key: `${step}`, runs: () => evenRuns(cells, step) }
    }
    const edges = Array.from({ length: cells + 1 }, (_, cell) => scale.edge(Math.min(axis.last, axis.first + cell * axis.step)))
    const long = edges[cells] - at
    // In steps, so that a cube that turns is not drawn anew at every pixel.
    const count = Math.min(MOST_PIXELS, 32 * Math.max(1, Math.floor(pixels(long) / 32)))
    return { at, long, cell: long / cells, key: `true ${count}`, runs: () => unevenRuns(edges, count) }
  }

  // Draw the part of the picture that a region of the face shows.
  paint(context, { matrix, region }, scales, alpha) {
    const across = this.laid(this.u, this.width, scales.u, (long) => this.pixels(matrix, long, 1)[0])
    const down = this.laid(this.v, this.height, scales.v, (long) => this.pixels(matrix, 1, long)[1])
    context.save()
    context.transform(...matrix)
    context.beginPath()
    context.rect(region[0], region[1], region[2] - region[0], region[3] - region[1])
    context.clip()
    context.globalAlpha = alpha
    context.imageSmoothingEnabled = false
    const picture = this.canvas(across.runs, down.runs, `${DARK} ${across.key} ${down.key}`)
    context.drawImage(picture, across.at, down.at, across.long, down.long)
    if (this.faded && this.hatched) this.hatch(context, matrix, [across.at, down.at, across.cell, down.cell])
    context.restore()
  }

  // Stripes over the cells that are not significant, of one slant and distance on the screen.
  hatch(context, matrix, [x, y, w, h]) {
    if (this.codes.length > HATCHED_AT_MOST) return
    context.beginPath()
    for (let row = 0; row < this.height; row++) {
      for (let column = 0; column < this.width; column++) {
        if (this.faded[row * this.width + column]) context.rect(x + column * w, y + row * h, w, h)
      }
    }
    context.clip()
    context.transform(...inverseOf(matrix))
    const corners = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([u, v]) => placeOn(matrix, u, v))
    const [left, right, top, bottom] = [0, 1].flatMap((i) => {
      const places = corners.map((corner) => corner[i])
      return [Math.min(...places), Math.max(...places)]
    })
    context.beginPath()
    for (let at = left - (bottom - top); at < right; at += 7) {
      context.moveTo(at, bottom)
      context.lineTo(at + bottom - top, top)
    }
    context.strokeStyle = pale(FAINT, 0.4)
    context.lineWidth = 0.8
    context.stroke()
  }
}
