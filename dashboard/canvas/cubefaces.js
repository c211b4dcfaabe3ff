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

  canvas() {
    if (this.drawn && this.dark === DARK) return this.drawn
    this.dark = DARK
    const table = this.table()
    const image = new ImageData(this.width, this.height)
    const paper = DARK ? [19, 27, 36] : [255, 255, 255]
    for (let place = 0; place < this.codes.length; place++) {
      const level = this.codes[place] === NOTHING ? 255 : this.level(this.value(place))
      const strength = this.faded && this.faded[place] ? FADED : 1
      for (let channel = 0; channel < 3; channel++) {
        const colour = table[4 * level + channel]
        image.data[4 * place + channel] = Math.round(strength * colour + (1 - strength) * paper[channel])
      }
      image.data[4 * place + 3] = 255
    }
    this.drawn = new OffscreenCanvas(this.width, this.height)
    this.drawn.getContext("2d").putImageData(image, 0, 0)
    return this.drawn
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
  paint(context, ratio, { matrix, region }, windows, alpha) {
    const [a, b, c, d, e, f] = matrix.map((number) => number * ratio)
    const [x, w] = this.span(this.u, this.width, windows.u)
    const [y, h] = this.span(this.v, this.height, windows.v)
    context.save()
    context.setTransform(a, b, c, d, e, f)
    context.beginPath()
    context.rect(region[0], region[1], region[2] - region[0], region[3] - region[1])
    context.clip()
    context.globalAlpha = alpha
    context.imageSmoothingEnabled = false
    context.drawImage(this.canvas(), x, y, w, h)
    if (this.faded && this.hatched) this.hatch(context, [x, y, w / this.width, h / this.height])
    context.restore()
  }

  // Stripes over the cells that are not significant, of one slant and distance on the screen.
  hatch(context, [x, y, w, h]) {
    if (this.codes.length > HATCHED_AT_MOST) return
    context.beginPath()
    for (let row = 0; row < this.height; row++) {
      for (let column = 0; column < this.width; column++) {
        if (this.faded[row * this.width + column]) context.rect(x + column * w, y + row * h, w, h)
      }
    }
    context.clip()
    const ratio = window.devicePixelRatio || 1
    const { width, height } = context.canvas
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.beginPath()
    for (let at = -height / ratio; at < width / ratio; at += 7) {
      context.moveTo(at, height / ratio)
      context.lineTo(at + height / ratio, 0)
    }
    context.strokeStyle = pale(FAINT, 0.4)
    context.lineWidth = 0.8
    context.stroke()
  }
}
