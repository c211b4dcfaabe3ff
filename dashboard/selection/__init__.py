"""The selection that all views share."""
