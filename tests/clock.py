"""For tests of what is counted by the clock."""
import time


def same_day(seconds=900):
    """Limits count by windows of the clock (lib/limits.h), reports by UTC days: a test about a day that would begin so shortly before
    midnight waits until that is over."""
    left = 86400 - time.time() % 86400
    if left < seconds:
        time.sleep(left + 1)
