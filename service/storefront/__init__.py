"""What a storefront reads beside picks: the catalogue, and what a user did last."""
