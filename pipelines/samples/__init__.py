"""The demo users and their sample books."""

from pipelines.samples.book import SampleBook
from pipelines.samples.books import sample_books
from pipelines.samples.users import DEMO_USERS, DemoUser

__all__ = ["DEMO_USERS", "DemoUser", "SampleBook", "sample_books"]
