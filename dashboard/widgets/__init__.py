"""Canvases: what the browser draws. Each Python class has a JavaScript twin of the same name."""
