"""The validation view: all images, classes, images."""
