// Levels of a palette with a special meaning, as in theme.py.

/** A right outcome: a muted colour in the palettes of outcomes and of classes. */
export const RIGHT = 254
/** Not recorded. */
export const MISSING = 255
/** Among predicted classes: no prediction was recorded. */
export const NO_PREDICTION = 65535

/**
 * An outcome, or the share of right ones among several, in words.
 *
 * @param {number} level
 */
export function outcomeWords(level) {
  if (level === MISSING) return "not recorded"
  if (level === RIGHT) return "right"
  return level ? `right at ${Math.round(level / 2.54)} % of them` : "wrong"
}

/**
 * The level of a share of a maximum, on a square-root scale.
 *
 * @param {number} value
 * @param {number} top
 */
export function shade(value, top) {
  if (!Number.isFinite(value)) return MISSING
  return Math.round(RIGHT * Math.min(1, Math.sqrt(Math.max(0, value) / top)))
}
