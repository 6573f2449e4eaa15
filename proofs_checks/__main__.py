"""``python -m proofs_checks`` is the command ``schattor``."""

from .cli import main

if __name__ == "__main__":
    main()
