"""`python -m api.document`: the API's OpenAPI document, intake included, for whoever makes a client of it."""

import json
import sys

from api.app import create_app


def main() -> None:
    """Write the document to standard output. Needs no database."""
    json.dump(create_app(intake=True).openapi(), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
