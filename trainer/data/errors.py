"""What can go wrong with data, in words for the person who gave it."""


class DataError(Exception):
    """The data breaks its form; the message names file, line, field, value and what is allowed."""


class DownloadError(Exception):
    """The data could not be fetched or kept; the message names every reason and the way out."""
