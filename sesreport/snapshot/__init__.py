"""What AWS said at one time, as Parquet files, and all such snapshots as one history.

May import ``core``, ``settings`` and ``policy``. The frame of a new dataset is declared in a file of ``frames/``.
"""
