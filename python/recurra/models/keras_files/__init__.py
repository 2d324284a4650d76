"""Files of Keras 3: `.keras` models and `.weights.h5`."""
