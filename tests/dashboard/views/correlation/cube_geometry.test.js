import assert from "node:assert/strict"
import { test } from "node:test"
import {
  cubeGeometry,
  cutFaces,
  faceUnder,
  hullFaces,
  inverseOf,
  placeOn,
  placeUnder,
  windowMoved,
  windowZoomed,
} from "../../../../dashboard/views/correlation/cube_geometry.js"

const FLATS = [0, 0.1, 0.5, 1]
const GEOMETRIES = FLATS.map((flat) => cubeGeometry(1100, 620, flat))
const WHOLE = { class: 1, layer: 0, time: 0 }

/** @param {number[]} a @param {number[]} b */
function near(a, b) {
  for (const [i, value] of a.entries()) assert.ok(Math.abs(value - b[i]) < 1e-6, `${a} not ${b}`)
}

test("a place of a face is found again under the point where it lies", () => {
  for (const { faces } of GEOMETRIES) {
    for (const matrix of Object.values(faces)) {
      const [x, y] = placeOn(matrix, 0.3, 0.8)
      near(placeUnder(matrix, x, y), [0.3, 0.8])
      near(placeOn(inverseOf(matrix), x, y), [0.3, 0.8])
    }
  }
})

test("faces share their edges: the front's top edge is the top's near one", () => {
  const { faces } = GEOMETRIES[0]
  for (const share of [0, 0.4, 1]) {
    near(placeOn(faces.front, share, 0), placeOn(faces.top, share, 0))
    near(placeOn(faces.front, 1, share), placeOn(faces.side, 0, share))
    near(placeOn(faces.top, 1, share), placeOn(faces.side, share, 0))
  }
})

test("laid flat, the top stands over the front's classes and the side beside its layers", () => {
  const { faces, gap } = GEOMETRIES[3]
  for (const share of [0, 0.5, 1]) {
    assert.equal(placeOn(faces.top, share, 0)[0], placeOn(faces.front, share, 0)[0])
    assert.equal(placeOn(faces.side, 0, share)[1], placeOn(faces.front, 0, share)[1])
  }
  near([placeOn(faces.front, 0, 0)[1] - placeOn(faces.top, 0, 0)[1]], [gap])
})

test("the cube lies on its canvas at every turn", () => {
  for (const { faces } of GEOMETRIES) {
    for (const matrix of Object.values(faces)) {
      for (const [u, v] of [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ]) {
        const [x, y] = placeOn(matrix, u, v)
        assert.ok(x >= 0 && x <= 1100 && y >= 0 && y <= 620)
      }
    }
  }
})

test("a point is on the face that is drawn there, the front before the others", () => {
  const faces = hullFaces(GEOMETRIES[0])
  for (const { name, matrix } of faces) {
    const [x, y] = placeOn(matrix, 0.5, 0.5)
    const hit = faceUnder(faces, { x, y })
    assert.equal(hit?.name, name)
    near([hit?.u ?? -1, hit?.v ?? -1], [0.5, 0.5])
  }
  assert.equal(faceUnder(faces, { x: 2, y: 2 }), null)
})

test("without a cut the faces are the hull's", () => {
  const { isCut, faces } = cutFaces(GEOMETRIES[0], WHOLE)
  assert.ok(!isCut)
  assert.deepEqual(
    faces.map(({ matrix }) => matrix),
    hullFaces(GEOMETRIES[0]).map(({ matrix }) => matrix),
  )
})

test("cut faces meet where the planes do", () => {
  const { isCut, faces } = cutFaces(GEOMETRIES[0], { class: 0.6, layer: 0.3, time: 0.5 })
  assert.ok(isCut)
  const [top, side, front] = faces
  // The corner nearest to who looks: classes up to 0.6, layers and iterations from 0.3 and 0.5.
  const corner = placeOn(front.matrix, 0.6, 0.3)
  near(placeOn(top.matrix, 0.6, 0.5), corner)
  near(placeOn(side.matrix, 0.5, 0.3), corner)
})

test("a cube laid flat is not cut", () => {
  assert.ok(!cutFaces(GEOMETRIES[3], { class: 0.6, layer: 0.3, time: 0.5 }).isCut)
})

test("a window stays within the items, however it is moved or zoomed", () => {
  for (const count of [1, 3, 10, 500]) {
    let window = { first: 0, last: count }
    for (let i = 0; i < 200; i += 1) {
      const at = ((i * 37) % 100) / 100
      window =
        i % 3
          ? windowZoomed(window, i % 2 ? 0.7 : 1.4, at, count)
          : windowMoved(window, i - 90, count)
      assert.ok(window.first >= 0 && window.last <= count)
      assert.ok(window.last - window.first >= Math.min(4, count))
    }
  }
})

test("a zoom keeps the item under the pointer", () => {
  const { first, last } = windowZoomed({ first: 0, last: 100 }, 0.5, 0.25, 100)
  assert.ok(Math.abs(first + 0.25 * (last - first) - 25) <= 1)
})
