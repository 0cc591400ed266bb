"""The live store as one more source of a training run."""
