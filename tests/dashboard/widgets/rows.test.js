import assert from "node:assert/strict"
import { test } from "node:test"
import { shade } from "../../../dashboard/widgets/outcome_levels.js"
import { marksOf } from "../../../dashboard/widgets/row_drawers.js"
import { tablesOf, unpacked } from "../../../dashboard/widgets/rows.js"

test("a row's numbers are read out of the packed bytes, each at its place and of its kind", () => {
  const buffer = new ArrayBuffer(4 + 8 + 4)
  new Float32Array(buffer, 4, 2).set([1.5, -2])
  new Uint16Array(buffer, 12, 2).set([7, 65535])
  const row = {
    ...{ id: "r", kind: "image", height: 10, stamp: 0 },
    arrays: [
      { offset: 4, dtype: /** @type {const} */ ("f4"), shape: [1, 2] },
      { offset: 12, dtype: /** @type {const} */ ("u2"), shape: [2] },
    ],
  }
  const [floats, codes] = unpacked(row, buffer)
  assert.deepEqual([...floats.array], [1.5, -2])
  assert.deepEqual(floats.shape, [1, 2])
  assert.deepEqual([...codes.array], [7, 65535])
})

test("a palette has its light colours first, then its dark ones", () => {
  const bytes = new Uint8Array(2048)
  bytes.set([1, 2, 3, 255], 0)
  bytes.set([9, 8, 7, 255], 1024)
  const { blues } = tablesOf({ blues: bytes.buffer })
  assert.equal(blues.light.length, 256)
  assert.equal(blues.light[0], 0xff030201)
  assert.equal(blues.dark[0], 0xff070809)
})

test("a mark needs as many anomalous images as its row says", () => {
  const counts = new Float32Array([0, 3, 1, 5])
  const row = { id: "r", kind: "heat", height: 10, arrays: [], stamp: 0 }
  assert.deepEqual(marksOf({ ...row, threshold: 3 }, counts), [
    [1, 3],
    [3, 5],
  ])
  assert.deepEqual(marksOf(row, counts), [])
})

test("shares are shaded on a square-root scale, and what is missing has a level of its own", () => {
  assert.equal(shade(0, 1), 0)
  assert.equal(shade(0.25, 1), 127)
  assert.equal(shade(2, 1), 254)
  assert.equal(shade(Number.NaN, 1), 255)
})
