"""What can be wrong with a training run's input."""


class TrainingError(Exception):
    """A run ends without publishing; the message is for the person who started it."""


class ConfigError(TrainingError):
    """The configuration file cannot be used: every bad key is named, with its value."""


class DataError(TrainingError):
    """The data cannot be used: the message names the file or table, and column, line and value where there are any."""


class GateError(TrainingError):
    """The new version is refused, for what it was trained on or for how good it is; what was published stays."""


class PicksError(TrainingError):
    """The file of picks cannot be written where, or as, it was asked for; what stood there before still does."""


class TuneError(TrainingError):
    """The search cannot start, go on, or write what it found."""
