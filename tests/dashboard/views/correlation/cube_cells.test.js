import assert from "node:assert/strict"
import { test } from "node:test"
import { EvenScale } from "../../../../dashboard/views/correlation/cube_axis.js"
import { cellAt, cellWords, named } from "../../../../dashboard/views/correlation/cube_cells.js"
import { FacePicture, layoutOf } from "../../../../dashboard/views/correlation/cube_faces.js"
import { labelled, roundStep } from "../../../../dashboard/views/correlation/cube_labels.js"
import { withUnit } from "../../../../dashboard/views/correlation/cube_strip.js"

const NOTHING = 65535
const ITEMS = {
  class: { labels: ["0", "class 1", "2", "3"], parts: [0, 0, 1, 0] },
  layer: { labels: ["conv1", "fc"], parts: [0, 0] },
  time: { labels: ["0", "10"], parts: [0, 0] },
}

/** @import { Face } from "../../../../dashboard/views/correlation/cube_faces.js" */

/** @param {Partial<Face>} values */
function picture(values = {}) {
  const codes = new Uint16Array([0, 10, 20, NOTHING]).buffer
  const face = {
    ...{ width: 2, height: 2, codes, offset: -1, scale: 0.1, low: -1, high: 1, root: false },
    ...{ palette: "blues", title: "t", label: "images", unit: "images", most: "at most " },
    ...{ nothing: "not recorded", u: { first: 0, last: 4, step: 2 } },
    ...{ v: { first: 0, last: 2, step: 1 } },
    ...values,
  }
  return new FacePicture(face, { blues: new ArrayBuffer(2048) })
}

const SCALES = {
  class: new EvenScale({ first: 0, last: 4 }),
  layer: new EvenScale({ first: 0, last: 2 }),
  time: new EvenScale({ first: 0, last: 2 }),
}

/** @param {number} u @param {number} v @param {FacePicture} [front] */
function cell(u, v, front = picture()) {
  return cellAt({ name: "front", u, v }, { front, top: front, side: front }, SCALES)
}

test("a place of a face is in the cell that its items share", () => {
  const { axes, ranges, place, value } = cell(0.6, 0.2)
  assert.deepEqual(axes, ["class", "layer"])
  assert.deepEqual(ranges, [
    { cell: 1, first: 2, last: 4 },
    { cell: 0, first: 0, last: 1 },
  ])
  assert.equal(place, 1)
  assert.ok(Math.abs(value - 0) < 1e-12)
})

test("the far ends of a face are in its last cells", () => {
  assert.equal(cell(1, 1).place, 3)
  assert.ok(Number.isNaN(cell(1, 1).value))
})

test("a cell says its items and its number, or that there is none", () => {
  assert.deepEqual(cellWords(cell(0.1, 0.9), ITEMS), [
    "class 0 to class 1, layer fc",
    "images: at most 1",
  ])
  assert.deepEqual(cellWords(cell(0.9, 0.9), ITEMS)[1], "not recorded")
})

test("a hatched cell says whether it is significant, with its p value", () => {
  const also = { p: new Uint16Array([32767, 0, 0, NOTHING]).buffer }
  const faded = new Uint8Array([1, 0, 0, 0]).buffer
  const front = picture({ also, faded, hatched: true })
  assert.deepEqual(cellWords(cell(0.1, 0.1, front), ITEMS).slice(2), ["p: 0.5", "not significant"])
  assert.deepEqual(cellWords(cell(0.9, 0.1, front), ITEMS).slice(2), ["p: 0", "significant"])
})

test("a class is called a class once, and a part by its own word", () => {
  assert.equal(named("class", { first: 0, last: 1 }, ITEMS.class), "class 0")
  assert.equal(named("class", { first: 1, last: 2 }, ITEMS.class), "class 1")
  assert.equal(named("class", { first: 2, last: 3 }, ITEMS.class), "image 2")
})

test("one of many is in the singular", () => {
  assert.equal(withUnit(1, "images"), "1 image")
  assert.equal(withUnit(7, "images"), "7 images")
  assert.equal(withUnit(0.5, ""), "0.5")
})

test("of cells that share a pixel the strongest is drawn, one that is not faded first", () => {
  const codes = new Uint16Array([10, 3, 20, NOTHING]).buffer
  const [all] = picture({ codes }).drawn([[0, 1]], [[0, 1]])
  assert.equal(all, 2)
  const faded = new Uint8Array([1, 0, 1, 1]).buffer
  const [kept] = picture({ codes, faded }).drawn([[0, 1]], [[0, 1]])
  assert.equal(kept, 1)
})

test("a level of the palette grows with the value, or with its square root", () => {
  const linear = picture({ low: 0, high: 100 })
  assert.deepEqual([linear.level(0), linear.level(25), linear.level(100)], [0, 64, 254])
  const root = picture({ low: 0, high: 100, root: true })
  assert.deepEqual([root.level(0), root.level(25), root.level(100)], [0, 127, 254])
})

test("a picture of more cells than pixels holds several of them in each", () => {
  const { runs, long } = layoutOf({ first: 0, last: 4, step: 1 }, 4, SCALES.class, 2)
  assert.deepEqual(runs(), [
    [0, 1],
    [2, 3],
  ])
  assert.equal(long, 1)
})

test("labels stand at round distances, and the picked item has one", () => {
  assert.deepEqual(
    [1, 4, 5, 6, 11, 30, 99].map((least) => roundStep(least)),
    [1, 4, 5, 10, 20, 50, 100],
  )
  assert.deepEqual(labelled({ first: 0, last: 10 }, -1, 30), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.deepEqual(labelled({ first: 0, last: 100 }, 41, 10), [0, 10, 20, 30, 41, 60, 70, 80, 90])
})
