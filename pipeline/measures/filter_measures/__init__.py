"""Measures of filters, one file per family: each is a formula on sums over a filter's weights."""
