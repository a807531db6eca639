"""Who can send e-mail as us, who does, what it costs, and is it getting better."""

__version__ = "0.1.0"
