"""The recorder and the training-log format."""
