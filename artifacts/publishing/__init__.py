"""A version on disk: drafted, described, verified, made current, rolled back and pruned."""
