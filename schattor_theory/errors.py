"""The error family: every error this distribution raises on purpose is a :class:`SchattorError`.

Each class is also the built-in ``ValueError``, ``TypeError`` or ``ImportError`` a caller would expect, so ``except
ValueError`` works.
"""


class SchattorError(Exception):
    """Base of every error raised on purpose by this distribution."""


class ExponentError(SchattorError, ValueError):
    """A Schatten exponent outside [1, inf], or not a number."""


class ParameterError(SchattorError, ValueError):
    """A scalar argument outside its range."""


class NonFiniteError(SchattorError, ValueError):
    """An array with a NaN or an infinity where finite entries are required."""


class ShapeError(SchattorError, ValueError):
    """Arrays whose shapes, or blocks whose names, do not fit together."""


class DTypeError(SchattorError, TypeError):
    """An array of a type this distribution does not compute with."""


class UnknownNameError(SchattorError, ValueError):
    """A name that is not in a catalogue; the message gives the nearest valid one."""


class StudyError(SchattorError, ValueError):
    """A study file that cannot be run as it is written."""


class StoreError(SchattorError, ValueError):
    """An output folder that cannot be used for this study."""


class MissingExtraError(SchattorError, ImportError):
    """Something that needs an optional package which is not installed; the message says what to install."""
