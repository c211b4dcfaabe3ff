"""Measures of filters, one file a family: each a formula on sums over a filter's weights."""
