"""All sample books."""

from datetime import date

from pipelines.samples.book import SampleBook
from pipelines.samples.main_book import main_book
from pipelines.samples.secondary_book import secondary_book


def sample_books(latest: date) -> list[SampleBook]:
    """Return the sample books as of a latest session, in order of import: demo_user_1's main book first.

    A function of that session alone, on simulated prices: the books never age. Their history is 130 sessions;
    the latest session can be any from mid-2010 to mid-2035. Raises NotSessionError for a day that is none.
    """
    return [main_book(latest), secondary_book(latest)]
