"""Moves each hotel's reservations, revenue and inventory from Host PMS to Climber."""

__version__ = "0.1.0"
