// Colours of the theme, read from the page's CSS variables before each drawing.

export const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'

/** Colours of series as the server names them: those of the light theme. */
export const LIGHT_SERIES = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#7A5195",
  "#5D5D5D",
]

// By the name of the CSS variable, without its prefix.
const LIGHT = {
  ink: "#1f2933",
  faint: "#52606d",
  line: "#d9dee4",
  grid: "#eef1f4",
  paper: "#ffffff",
  soft: "#e8f1f8",
  accent: "#0b4f7d",
  pick: "#b42318",
  outline: "#8895a3",
  median: "#00456b",
  warn: "#8a3a00",
}

/** The theme in use. `extremes` and `quartiles` are the opacities of the bands of distributions. */
export const theme = {
  ...LIGHT,
  isDark: false,
  extremes: 0.18,
  quartiles: 0.42,
  series: LIGHT_SERIES,
}

/** Read the page's theme. */
export function readTheme() {
  const style = getComputedStyle(document.documentElement)
  /** @param {string} name @param {string} other */
  const read = (name, other) => style.getPropertyValue(`--dt-${name}`).trim() || other
  const names = /** @type {(keyof typeof LIGHT)[]} */ (Object.keys(LIGHT))
  for (const name of names) theme[name] = read(name, LIGHT[name])
  theme.isDark = read("dark", "0") === "1"
  theme.extremes = Number(read("extremes", "0.18"))
  theme.quartiles = Number(read("quartiles", "0.42"))
  theme.series = LIGHT_SERIES.map((light, place) => read(`series-${place}`, light))
}

/**
 * A series' colour in the theme.
 *
 * @param {string} light the colour that the server names
 */
export function themed(light) {
  const place = LIGHT_SERIES.indexOf(light)
  return place < 0 ? light : theme.series[place]
}

/**
 * Red, green and blue of "#rrggbb".
 *
 * @param {string} colour
 */
export function channels(colour) {
  return [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16))
}

/**
 * A colour with an opacity.
 *
 * @param {string} colour "#rrggbb"
 * @param {number} alpha
 */
export function pale(colour, alpha) {
  return `rgba(${channels(colour).join(",")},${alpha})`
}

/**
 * Call `draw` when the theme changes. Returns a function that stops this.
 *
 * @param {() => void} draw
 */
export function onTheme(draw) {
  const system = matchMedia("(prefers-color-scheme: dark)")
  document.addEventListener("dt-theme", draw)
  system.addEventListener("change", draw)
  return () => {
    document.removeEventListener("dt-theme", draw)
    system.removeEventListener("change", draw)
  }
}
