"""The correlation view: the cube of classes, layers and iterations."""
