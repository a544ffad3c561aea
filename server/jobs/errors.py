"""What keeps a job from starting, and a person can mend."""


class JobError(ValueError):
    """Base of what is wrong with what a job is told; the message says what, where, and what to do."""


class PairsError(JobError):
    """A file cannot be read as pairs or people."""


class TooManyRejectsError(JobError):
    """More rows than there may be are no pairs."""


class OtherJobError(JobError):
    """The output folder is for another job."""
