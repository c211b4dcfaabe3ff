// While the server does not answer, the page shows a message and tries again. When the server
// answers, the page reloads from its link and restores its scroll position.

import { make } from "../widgets/dom.js"

// Milliseconds between tries.
const RETRY_AFTER = [1000, 2000, 4000, 8000]
const SCROLL_KEY = "dt-scroll"
// Milliseconds to wait until the page has its former length.
const SCROLL_WAIT = 15000
const AWAY =
  "The server does not answer. Drawn charts stay. The page reloads at this position when the " +
  "server answers."

/** The header's state meanwhile. */
export const AWAY_LIVE = { state: "away", text: "server not reachable", title: AWAY }

/** Bokeh's document, as far as it is used here. */
/** @typedef {{ on_event: (name: string, act: () => void) => void }} PageDocument */

/** Watches the connection to the server. */
export class Connection {
  /**
   * @param {PageDocument | null | undefined} page
   * @param {HTMLElement} el gets the message
   * @param {() => void} changed called when it is lost
   */
  constructor(page, el, changed) {
    this.changed = changed
    this.isLost = false
    this.tries = 0
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined
    const retry = make("button", { type: "button", onclick: () => this.checkServer() }, "Try now")
    const look = { class: "dt-away", role: "alert", hidden: "" }
    this.bar = make("div", look, make("span", {}, AWAY), retry)
    el.append(this.bar)
    page?.on_event("connection_lost", () => this.onLost())
    this.restoreScroll()
  }

  onLost() {
    if (this.isLost) return
    this.isLost = true
    this.bar.hidden = false
    this.changed()
    this.wait()
  }

  wait() {
    clearTimeout(this.waiting)
    const delay = RETRY_AFTER[Math.min(this.tries, RETRY_AFTER.length - 1)]
    this.waiting = setTimeout(() => this.checkServer(), delay)
    this.tries += 1
  }

  /** Request one of the server's scripts: any answer means that it is running. */
  async checkServer() {
    const own = [...document.scripts].find(({ src }) => src)
    try {
      const answer = await fetch(own ? own.src : location.href, {
        method: "HEAD",
        cache: "no-store",
      })
      if (answer.ok) {
        this.reload()
        return
      }
    } catch {
      // The server is still down.
    }
    this.wait()
  }

  reload() {
    try {
      sessionStorage.setItem(SCROLL_KEY, String(scrollY))
    } catch {
      // Without storage the page starts at its top.
    }
    location.reload()
  }

  /** Restore the scroll position once the page, which grows while it is drawn, is long enough. */
  restoreScroll() {
    let top = 0
    try {
      top = Number(sessionStorage.getItem(SCROLL_KEY))
      sessionStorage.removeItem(SCROLL_KEY)
    } catch {
      return
    }
    if (!top) return
    const until = Date.now() + SCROLL_WAIT
    const scroll = () => {
      if (document.documentElement.scrollHeight - innerHeight >= top) scrollTo(0, top)
      else if (Date.now() < until) setTimeout(scroll, 100)
    }
    scroll()
  }
}

export const CONNECTION_STYLE = `
.dt-away { position: fixed; z-index: 20; left: 50%; bottom: 20px; transform: translateX(-50%);
  display: flex; align-items: center; gap: 14px; max-width: min(720px, 92vw);
  box-sizing: border-box; padding: 10px 12px 10px 16px; border-radius: 8px; background: #12212e;
  color: #fff; border-left: 4px solid #ff7b6b; box-shadow: 0 8px 30px var(--dt-shadow);
  font: 13px/1.45 system-ui, "DejaVu Sans", sans-serif; white-space: normal; }
.dt-away[hidden] { display: none; }
.dt-away button { flex: none; background: transparent; color: #fff; border: 1px solid #8fa3b4;
  border-radius: 5px; height: 28px; padding: 0 10px; font: inherit; cursor: pointer; }
.dt-away button:hover { background: #233747; }
.dt-away button:focus-visible { outline: 2px solid #8fd0f7; outline-offset: 1px; }
`
