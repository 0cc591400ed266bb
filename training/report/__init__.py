"""The evaluation as one HTML file that needs no connection."""
