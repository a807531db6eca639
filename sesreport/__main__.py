"""``python -m sesreport``."""

from sesreport.cli.main import main

main()
