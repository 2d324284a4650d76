"""Models: training, losses, metrics, optimizers, callbacks, files."""
