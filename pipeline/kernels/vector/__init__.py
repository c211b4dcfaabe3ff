"""Arithmetic on whole vector registers, as LLVM instructions."""
