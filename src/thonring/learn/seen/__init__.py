"""What a network sees of a spectrum: views at three samplings, in polar cells or enhanced."""
