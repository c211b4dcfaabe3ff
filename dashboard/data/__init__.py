"""What the views read from a store, without a widget."""
