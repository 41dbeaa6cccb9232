"""From data to a model with its card: recipes, training, test, comparison."""
