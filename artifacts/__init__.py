"""The contract both sides share: how a model version looks on disk, and how it is published, opened and asked."""
