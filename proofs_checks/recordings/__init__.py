"""Recorded gradients: what a record contradicts of the noise assumptions, and what it says about their constants."""

from __future__ import annotations

from .analysis import Analysis, analyse
from .reading import Block, Recording, load_recording

__all__ = ["Analysis", "Block", "Recording", "analyse", "load_recording"]
