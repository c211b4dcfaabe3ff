"""Statistics of nodes, one file a family: each a formula on what the pass gathered."""
