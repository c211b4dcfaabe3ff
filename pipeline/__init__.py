"""Process: training logs and checkpoints become a store of measures and pyramids."""
