// The chosen theme, or the system's: applied to the page and stored in the browser.

import { icon } from "../widgets/dom.js"
import { remember, remembered } from "./memory.js"

/** @typedef {keyof typeof THEMES} Theme */

const KEY = "dt-theme"
const YEAR = 31536000
const THEMES = {
  system: "Theme: system",
  light: "Theme: light",
  dark: "Theme: dark",
}
const SIGNS = {
  system: icon(
    '<circle cx="8" cy="8" r="5.5"/>' +
      '<path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor"/>',
  ),
  light: icon(
    '<circle cx="8" cy="8" r="3"/><path d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4' +
      'M11.6 11.6 13 13M13 3l-1.4 1.4M4.4 11.6 3 13"/>',
  ),
  dark: icon('<path d="M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z"/>'),
}

/** A button that switches to the next theme. */
export class ThemeSwitch {
  /**
   * @param {HTMLButtonElement} button
   * @param {() => void} changed called when the theme changes
   */
  constructor(button, changed) {
    this.button = button
    this.changed = changed
    const kept = remembered(KEY) || "system"
    this.chosen = /** @type {Theme} */ (kept)
    this.system = matchMedia("(prefers-color-scheme: dark)")
    this.onSystem = () => this.report()
    this.system.addEventListener("change", this.onSystem)
  }

  remove() {
    this.system.removeEventListener("change", this.onSystem)
  }

  get isDark() {
    return this.chosen === "system" ? this.system.matches : this.chosen === "dark"
  }

  next() {
    const names = /** @type {Theme[]} */ (Object.keys(THEMES))
    this.chosen = names[(names.indexOf(this.chosen) + 1) % names.length]
    remember(KEY, this.chosen)
    this.apply()
  }

  /** Show the page in the theme. */
  apply() {
    const { dataset } = document.documentElement
    if (this.chosen === "system") delete dataset.theme
    else dataset.theme = this.chosen
    this.button.innerHTML = SIGNS[this.chosen]
    this.button.title = `${THEMES[this.chosen]}; click or press t for the next`
    this.button.setAttribute("aria-label", this.button.title)
    document.dispatchEvent(new CustomEvent("dt-theme"))
    this.report()
  }

  /** Set a cookie that gives the server the theme before it draws the page's figures. */
  report() {
    const dark = this.isDark ? 1 : 0
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store needs a secure context
    document.cookie = `dt-dark=${dark}; path=/; max-age=${YEAR}; samesite=lax`
    this.changed()
  }
}
