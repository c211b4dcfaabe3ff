"""Statistics of nodes, one file per family: each is a formula on gathered sums and histograms."""
