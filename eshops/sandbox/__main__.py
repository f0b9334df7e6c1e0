"""`python -m eshops.sandbox --port 8801 --state shop.json`"""

from argparse import ArgumentParser
from pathlib import Path

from eshops.sandbox.server import DEMO_KEYS, serve


def main() -> None:
    parser = ArgumentParser(prog="python -m eshops.sandbox", description="Run the sandbox shop.")
    parser.add_argument("--port", type=int, default=8801)
    parser.add_argument("--state", type=Path, help="the file that keeps the shop between runs")
    parser.add_argument("--orders", type=int, default=250, help="how many orders a new shop has")
    parser.add_argument("--consumer-key", default=DEMO_KEYS[0])
    parser.add_argument("--consumer-secret", default=DEMO_KEYS[1])
    options = parser.parse_args()
    serve(
        options.port,
        options.state,
        options.consumer_key,
        options.consumer_secret,
        options.orders,
    )


if __name__ == "__main__":
    main()
