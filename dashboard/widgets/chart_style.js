// The style of charts on a canvas: scrolling, focus, the readout.

export const CHART_STYLE = `
.dt-root { position: relative; width: 100%; }
.dt-scroll { position: relative; overflow-y: auto; overflow-x: hidden; }
.dt-root canvas { display: block; outline-offset: -2px; touch-action: pan-y; }
.dt-root canvas:focus-visible { outline: 2px solid var(--dt-accent, #0b4f7d); }
.dt-scroll > canvas { position: sticky; top: 0; }
.dt-scroll { scrollbar-width: thin; }
.dt-cross { position: absolute; top: 0; width: 1px; pointer-events: none; z-index: 3;
  background: var(--dt-faint, #52606d); opacity: .65; }
.dt-announce { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
.dt-readout { position: absolute; z-index: 5; pointer-events: none;
  background: var(--dt-tip, #1f2933); color: #fff; font: 11px/1.45 system-ui, sans-serif;
  padding: 5px 8px; border-radius: 4px; white-space: nowrap;
  box-shadow: 0 2px 8px var(--dt-shadow, rgba(31,41,51,.25)); font-variant-numeric: tabular-nums; }
.dt-readout-title { font-weight: 600; }
`
