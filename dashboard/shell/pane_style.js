// The style of a pane's head.

export const HEAD_STYLE = `
:host { position: relative; container-type: inline-size; }
.dt-head { display: flex; flex-wrap: wrap; gap: 0 2px; align-items: center;
  border-bottom: 1px solid var(--dt-line); }
[role=tablist] { display: flex; flex: 1 0 auto; max-width: 100%; overflow-x: auto;
  scrollbar-width: none; }
.dt-tools { display: flex; flex: none; gap: 2px; margin-left: auto; }
button { font: 500 11.5px/1 system-ui, "DejaVu Sans", sans-serif; color: var(--dt-faint);
  background: transparent; border: 1px solid transparent; border-radius: 5px; min-width: 28px;
  height: 26px; padding: 0 7px; cursor: pointer; }
button:hover, button[aria-expanded=true] { background: var(--dt-soft); color: var(--dt-accent);
  border-color: var(--dt-softline); }
button:focus-visible { outline: 2px solid var(--dt-accent); }
button:disabled { opacity: .5; cursor: progress; }
[role=tab] { font-size: 13px; height: 34px; padding: 0 14px; border-radius: 0; border: 0; }
[role=tab]:hover { background: var(--dt-soft); }
[role=tab][aria-selected=true] { color: var(--dt-accent); font-weight: 600;
  box-shadow: inset 0 -2px 0 var(--dt-accent); background: transparent; }
@container (max-width: 720px) { [role=tab] { padding: 0 3px; font-size: 12px; }
[role=tablist]:not([hidden]) + .dt-tools button { padding: 0 2px; min-width: 22px; } }
.dt-status { position: absolute; right: 0; top: 34px; z-index: 15; padding: 3px 9px;
  border-radius: 4px; background: var(--dt-tip);
  color: #fff; font: 11px/1.45 system-ui, "DejaVu Sans", sans-serif; }
.dt-status:empty { display: none; }
.dt-about { position: absolute; right: 0; top: 32px; z-index: 15; width: min(460px, 90vw);
  box-sizing: border-box; white-space: pre-line; text-align: left; background: var(--dt-paper);
  color: var(--dt-ink); border: 1px solid var(--dt-softline); border-radius: 6px;
  padding: 12px 14px; font: 13px/1.5 system-ui, "DejaVu Sans", sans-serif;
  box-shadow: 0 6px 24px var(--dt-shadow); }
`
