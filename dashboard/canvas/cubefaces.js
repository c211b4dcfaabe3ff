// A face's numbers as a picture, in the theme's colours; what is not significant is pale and hatched.

const NOTHING = 65535
const HATCHED_AT_MOST = 40000
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

  // Which cells to draw where there are more than pixels: of those that share one, the strongest.
  drawn(steps) {
    if (steps[0] === 1 && steps[1] === 1) return null
    const width = Math.ceil(this.width / steps[0]), height = Math.ceil(this.height / steps[1])
    const chosen = new Uint32Array(width * height)
    const strength = (place) => {
      if (this.codes[place] === NOTHING) return -1
      const kept = this.faded && this.faded[place] ? 0 : 1e6
      return kept + Math.abs(this.value(place))
    }
    const best = new Float64Array(width * height).fill(-2)
    for (let place = 0; place < this.codes.length; place++) {
      const row = Math.floor(Math.floor(place / this.width) / steps[1])
      const at = row * width + Math.floor((place % this.width) / steps[0])
      const found = strength(place)
      if (found > best[at]) { best[at] = found; chosen[at] = place }
    }
    return { chosen, width, height }
  }

  canvas(steps) {
    const key = `${DARK} ${steps}`
    if (this.key === key) return this.picture
    this.key = key
    const reduced = this.drawn(steps)
    const { width, height } = reduced || this
    const table = this.table()
    const image = new ImageData(width, height)
    const paper = DARK ? [19, 27, 36] : [255, 255, 255]
    for (let pixel = 0; pixel < width * height; pixel++) {
      const place = reduced ? reduced.chosen[pixel] : pixel
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

  // How many cells along each edge share a pixel of the screen, a sheared face being thinner.
  steps([a, b, c, d], w, h) {
    const area = Math.abs(a * d - b * c), ratio = window.devicePixelRatio || 1
    const wide = (area / Math.hypot(c, d)) * w * ratio, tall = (area / Math.hypot(a, b)) * h * ratio
    return [
      Math.max(1, Math.ceil(this.width / Math.max(1, wide))),
      Math.max(1, Math.ceil(this.height / Math.max(1, tall))),
    ]
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

  // Where along an axis the picture lies in a window: start and length, 1 being the window.
  span(axis, cells, window) {
    const wide = window.last - window.first
    return [(axis.first - window.first) / wide, (cells * axis.step) / wide]
  }

  // Draw the part of the picture that a region of the face shows.
  paint(context, { matrix, region }, windows, alpha) {
    const [x, w] = this.span(this.u, this.width, windows.u)
    const [y, h] = this.span(this.v, this.height, windows.v)
    context.save()
    context.transform(...matrix)
    context.beginPath()
    context.rect(region[0], region[1], region[2] - region[0], region[3] - region[1])
    context.clip()
    context.globalAlpha = alpha
    context.imageSmoothingEnabled = false
    const steps = this.steps(matrix, w, h)
    const picture = this.canvas(steps)
    context.drawImage(picture, x, y, (w * picture.width * steps[0]) / this.width, (h * picture.height * steps[1]) / this.height)
    if (this.faded && this.hatched) this.hatch(context, matrix, [x, y, w / this.width, h / this.height])
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
