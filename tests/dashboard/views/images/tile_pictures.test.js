import assert from "node:assert/strict"
import { test } from "node:test"
import { unbroken } from "../../../../dashboard/views/images/image_grid.js"
import { colours, wholeScale } from "../../../../dashboard/views/images/tile_pictures.js"

test("an image's pixel is a whole number of the screen's, or one over one", () => {
  assert.equal(wholeScale(8, 72), 9)
  assert.equal(wholeScale(28, 72), 2)
  assert.equal(wholeScale(72, 72), 1)
  assert.equal(wholeScale(224, 72), 1 / 4)
})

test("grey has one channel, colours three, and what shines through a fourth", () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual([...colours(bytes, [1, 2, 1], 1)], [3, 3, 3, 255, 4, 4, 4, 255])
  assert.deepEqual([...colours(bytes, [1, 1, 3], 1)], [4, 5, 6, 255])
  assert.deepEqual([...colours(bytes, [1, 1, 4], 1)], [5, 6, 7, 8])
})

test("short names do not break, long ones may", () => {
  assert.equal(unbroken("image 3 · class 7"), "image\u00a03 · class\u00a07")
  const long = "a very long name of an image"
  assert.equal(unbroken(`${long} · 7`), `${long} · 7`)
})
