// The style of a table of facts.

export const FACTS_STYLE = `
.dt-room { overflow: auto; border: 1px solid var(--dt-line, #d9dee4); border-radius: 6px;
  background: var(--dt-paper, #fff); }
table { border-collapse: collapse; width: 100%; color: var(--dt-ink, #1f2933);
  font: 12.5px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
th { position: sticky; top: 0; padding: 0; background: var(--dt-paper, #fff); z-index: 1;
  box-shadow: inset 0 -1px 0 var(--dt-line, #d9dee4); }
th button { all: unset; box-sizing: border-box; width: 100%; padding: 7px 10px; cursor: pointer;
  color: var(--dt-faint, #52606d); font-weight: 600; white-space: nowrap; text-align: left; }
th.number button { text-align: right; }
th button:hover { color: var(--dt-accent, #0b4f7d); }
th button:focus-visible, tr:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d);
  outline-offset: -2px; }
th[aria-sort=ascending] button::after { content: " ▲"; font-size: 9px; }
th[aria-sort=descending] button::after { content: " ▼"; font-size: 9px; }
td { padding: 5px 10px; border-top: 1px solid var(--dt-grid, #eef1f4); vertical-align: top;
  overflow-wrap: anywhere; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.clickable { cursor: pointer; }
tr.clickable:hover td { background: var(--dt-soft, #e8f1f8); }
.severity { display: inline-block; font-size: 11px; font-weight: 600; padding: 1px 7px;
  border-radius: 9px; border: 1px solid currentColor; }
.error { color: var(--dt-pick, #b42318); }
.warning { color: var(--dt-warn, #8a3a00); }
.info { color: var(--dt-faint, #52606d); }
.severity + .severity { margin-left: 4px; }
.curve, .link, .severities { white-space: nowrap; }
.curve { font-variant-numeric: tabular-nums; }
.even td { vertical-align: middle; }
.curve > span { display: inline-flex; align-items: center; gap: 8px; vertical-align: middle; }
.curve svg { width: 120px; height: 20px; overflow: visible; }
.curve polyline { fill: none; stroke: var(--dt-accent, #0b4f7d); stroke-width: 1.5px;
  stroke-linecap: round; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
a { color: var(--dt-accent, #0b4f7d); }
`
