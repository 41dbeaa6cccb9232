"""Machine learning: network inputs, data sets, networks, training, prediction."""
