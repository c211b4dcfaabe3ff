"""The store's contract: schema, names, tree, reader and writer, locks."""
