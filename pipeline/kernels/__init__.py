"""One-pass kernels: everything that is derived from a parameter's bytes, arrays in, arrays out."""
