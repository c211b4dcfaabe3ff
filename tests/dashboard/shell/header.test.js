import assert from "node:assert/strict"
import { test } from "node:test"
import { allowed, shareAt } from "../../../dashboard/shell/divider.js"
import { ago } from "../../../dashboard/shell/header.js"

const NOW = Date.parse("2026-11-30T12:00:00Z")

test("how long ago a commit was is told in its largest unit", () => {
  assert.equal(ago("2026-11-30T11:59:40Z", NOW), "just now")
  assert.equal(ago("2026-11-30T11:58:30Z", NOW), "1 minute ago")
  assert.equal(ago("2026-11-30T09:59:00Z", NOW), "2 hours ago")
  assert.equal(ago("2026-11-27T11:00:00Z", NOW), "3 days ago")
  assert.equal(ago("never", NOW), "")
})

test("the divider's share is where the pointer is, within bounds", () => {
  const views = { left: 100, right: 1116 }
  assert.equal(shareAt(108, views, 16), 0)
  assert.equal(shareAt(608, views, 16), 50)
  assert.equal(shareAt(1108, views, 16), 100)
  assert.deepEqual([0, 33.333, 50, 99].map(allowed), [25, 33.3, 50, 75])
})
