export function render(context) { renderChart(RowChart, context) }
