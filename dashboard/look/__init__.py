"""Theme, style sheets and legends."""
