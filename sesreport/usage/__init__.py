"""What others keep about our sending, read as frames: cost exports.

May import everything from ``core`` to ``collect``. A new format of cost exports is one file in ``formats/``; the
reader of another source is a module here.
"""
