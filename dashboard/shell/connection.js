// While the server is out of reach the page says so and asks for it again and again; when it
// answers, the page comes back to where its link and its scroll bar say.

import { make } from "../widgets/dom.js"

// Milliseconds between one try and the next.
const PATIENCE = [1000, 2000, 4000, 8000]
const SCROLL_KEY = "dt-scroll"
// How long the page is waited for to be as long as it was.
const SCROLL_PATIENCE = 15000
const AWAY =
  "The server does not answer. What is drawn stays; the page comes back to this place by itself " +
  "when it does."

/** What the header says meanwhile. */
export const AWAY_LIVE = { state: "away", text: "server not reachable", title: AWAY }

/** Bokeh's document, as far as it is used here. */
/** @typedef {{ on_event: (name: string, act: () => void) => void }} PageDocument */

/** Watches the connection to the server. */
export class Connection {
  /**
   * @param {PageDocument | null | undefined} page
   * @param {HTMLElement} el where the page says that the server is out of reach
   * @param {() => void} changed called when it is lost
   */
  constructor(page, el, changed) {
    this.changed = changed
    this.isLost = false
    this.tries = 0
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined
    const again = make("button", { type: "button", onclick: () => this.ask() }, "Try now")
    const look = { class: "dt-away", role: "alert", hidden: "" }
    this.bar = make("div", look, make("span", {}, AWAY), again)
    el.append(this.bar)
    page?.on_event("connection_lost", () => this.lose())
    this.scrollBack()
  }

  lose() {
    if (this.isLost) return
    this.isLost = true
    this.bar.hidden = false
    this.changed()
    this.wait()
  }

  wait() {
    clearTimeout(this.waiting)
    const patience = PATIENCE[Math.min(this.tries, PATIENCE.length - 1)]
    this.waiting = setTimeout(() => this.ask(), patience)
    this.tries += 1
  }

  /** Ask for any file of the server's own: an answer means that it is there. */
  async ask() {
    const own = [...document.scripts].find(({ src }) => src)
    try {
      const answer = await fetch(own ? own.src : location.href, {
        method: "HEAD",
        cache: "no-store",
      })
      if (answer.ok) {
        this.comeBack()
        return
      }
    } catch {
      // Not there yet.
    }
    this.wait()
  }

  comeBack() {
    try {
      sessionStorage.setItem(SCROLL_KEY, String(scrollY))
    } catch {
      // The page begins at its top.
    }
    location.reload()
  }

  /** The page grows while it is drawn: as soon as it is long enough, it is scrolled back. */
  scrollBack() {
    let top = 0
    try {
      top = Number(sessionStorage.getItem(SCROLL_KEY))
      sessionStorage.removeItem(SCROLL_KEY)
    } catch {
      return
    }
    if (!top) return
    const until = Date.now() + SCROLL_PATIENCE
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
