"""One-pass kernels: compute all results from a parameter's bytes; arrays in, arrays out."""
