"""Counts the tests in one step's output: `count.py LOG EXIT_CODE` prints "PASSED FAILED".

Knows the closing lines of cargo, pytest, Maven Surefire and the plain "N passed, N failed". A step
without any such line is one test that passed or failed by its exit code; a step that failed has at
least one failure.
"""

import re
import sys

PATTERNS = [
    re.compile(r"^test result: \w+\. (?P<passed>\d+) passed; (?P<failed>\d+) failed", re.M),
    re.compile(r"^=+ .*?(?:(?P<failed>\d+) failed, )?(?P<passed>\d+) passed.* in .*=+$", re.M),
    re.compile(r"^(?P<passed>\d+) passed, (?P<failed>\d+) failed$", re.M),
]

SUREFIRE = re.compile(
    r"^(?:\[\w+\] )?Tests run: (?P<run>\d+), Failures: (?P<failed>\d+), "
    r"Errors: (?P<errors>\d+), Skipped: (?P<skipped>\d+)(?P<rest>.*)$", re.M)

RESULTS = re.compile(r"^(?:\[\w+\] )?Results ?:$", re.M)
"""What stands before a module's total; classes are counted above it, in lines of the same form."""


def surefire(text: str) -> list[re.Match[str]]:
    """The line of each module's total."""
    # One section for each module; without any, somebody has cut the totals out.
    sections = RESULTS.split(text)[1:]
    if sections:
        totals = [SUREFIRE.search(section) for section in sections]
        return [total for total in totals if total]
    return [total for total in SUREFIRE.finditer(text) if not total["rest"].strip()]


def count(text: str) -> tuple[int, int]:
    passed = failed = 0
    matches = [match for pattern in PATTERNS for match in pattern.finditer(text)]
    for match in matches + surefire(text):
        found = {
            name: int(value or 0) for name, value in match.groupdict().items() if name != "rest"
        }
        bad = found.get("failed", 0) + found.get("errors", 0)
        failed += bad
        passed += found.get("passed", found.get("run", 0) - bad - found.get("skipped", 0))
    return passed, failed


def main() -> None:
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        passed, failed = count(re.sub(r"\x1b\[[0-9;]*m", "", log.read()))
    if sys.argv[2] != "0":
        failed = max(failed, 1)
    elif passed == 0:
        passed = 1
    print(passed, failed)


if __name__ == "__main__":
    main()
