"""Learning: spectra as networks see them, data sets, networks, training, prediction."""
