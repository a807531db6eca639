"""``python -m sesreport``."""

from sesreport.cli import main

main()
