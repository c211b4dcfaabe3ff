"""The page around the views: header, panes, search, keys, pictures."""
