"""`python -m thonring`: the same as the command `thonring`."""

from thonring.cli import main

if __name__ == "__main__":
    main()
