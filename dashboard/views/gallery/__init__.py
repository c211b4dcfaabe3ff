"""The gallery of images and classes."""
