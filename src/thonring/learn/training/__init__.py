"""Training: recipes, data, training and test of a network, comparison of models."""
