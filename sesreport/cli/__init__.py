"""The command line: a command is options, one public call, and output.

May import every package. A new command is one file in ``commands/``. Commands import what they call when they are run,
so that ``sesreport --help`` waits for neither pandas nor boto3.
"""
