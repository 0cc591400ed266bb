"""Online: the HTTP service over the published model version."""
