"""CTF estimation for electron micrographs: a fit with error bars, and a verdict with reasons."""
