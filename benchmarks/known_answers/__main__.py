"""Ask every known answer and renew the committed record."""

from __future__ import annotations

from .record import RECORD, ask_all, write_record


def main() -> int:
    """Write the record, and say which answers are outside their tolerance."""
    record = ask_all()
    write_record(record)
    wrong = [answer.name for answer in record if not answer.holds]
    total = sum(1 for _ in record)
    print(f"{total - len(wrong)} of {total} known answers hold; they are in {RECORD.name}")
    for name in wrong:
        print(f"outside its tolerance: {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
