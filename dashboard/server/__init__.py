"""Routes, the home page, sign-in."""
