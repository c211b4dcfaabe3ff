// Marks over the rows of a tree chart: the button that enlarges a row, and a note on missing rows.

/** @import { Context } from "./drawing.js" */
import { theme } from "./theme.js"

export const ENLARGE_SIZE = 16

/**
 * Draw two arrows, apart or towards each other.
 *
 * @param {Context} context
 * @param {{ x: number, y: number, size: number }} place
 * @param {boolean} isLarge whether the row is enlarged
 */
export function drawEnlarge(context, { x, y, size }, isLarge) {
  context.fillStyle = theme.soft
  context.fillRect(x, y, size, size)
  context.strokeStyle = theme.accent
  context.lineWidth = 1.3
  context.beginPath()
  for (const [sign, cx, cy] of [
    [-1, x + 5, y + 11],
    [1, x + 11, y + 5],
  ]) {
    /** @type {[number, number][]} */
    const ends = [
      [cx - 2 * sign, cy + 2 * sign],
      [cx + 1.5 * sign, cy - 1.5 * sign],
    ]
    const [tail, head] = isLarge ? ends.reverse() : ends
    const back = isLarge ? -1 : 1
    context.moveTo(...tail)
    context.lineTo(...head)
    context.moveTo(...head)
    context.lineTo(head[0] - 3.5 * sign * back, head[1])
    context.moveTo(...head)
    context.lineTo(head[0], head[1] + 3.5 * sign * back)
  }
  context.stroke()
}

/**
 * Draw "loading…" where rows are missing.
 *
 * @param {Context} context
 * @param {[top: number, bottom: number]} sent heights between which rows have arrived
 * @param {number} scrolled scrolled height above the visible part
 * @param {number} room visible height
 */
export function drawWaiting(context, [top, bottom], scrolled, room) {
  const above = Math.min(top, scrolled + room) - 14
  const at = scrolled < top ? above : Math.max(bottom, scrolled) + 14
  context.fillStyle = theme.faint
  context.textAlign = "left"
  const seen = Math.min(scrolled + room - 10, Math.max(scrolled + 10, at))
  context.fillText("loading…", 21, seen)
}
