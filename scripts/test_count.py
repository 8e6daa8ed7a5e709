"""Tests of `count.py`: python3 -m unittest discover -s scripts"""

import unittest

from count import count

FAILING = """\
[INFO] Running x.B
[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.37 s -- in x.B
[INFO] Running x.A
[ERROR] Tests run: 4, Failures: 1, Errors: 1, Skipped: 1, Time elapsed: 0.3 s <<< FAILURE! -- in x.A
[ERROR] x.A.b -- Time elapsed: 0.144 s <<< FAILURE!
[INFO] Running x.C
[ERROR] Tests run: 1, Failures: 0, Errors: 1, Skipped: 0
[INFO]
[INFO] Results:
[INFO]
[ERROR] Failures:
[ERROR]   A.b:1 no
[INFO]
[ERROR] Tests run: 7, Failures: 1, Errors: 2, Skipped: 1
[INFO]
"""


class Counting(unittest.TestCase):
    def test_a_failing_module_of_maven_counts_once(self) -> None:
        self.assertEqual(count(FAILING), (3, 3))

    def test_every_module_counts(self) -> None:
        passing = "[INFO] Results:\n[INFO]\n[WARNING] Tests run: 5, Failures: 0, Errors: 0, Skipped: 2\n"
        self.assertEqual(count(FAILING + passing), (6, 3))

    def test_a_total_that_was_cut_out_counts(self) -> None:
        self.assertEqual(count("[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 0\n"), (5, 0))
        lone = "[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s - in x\n"
        self.assertEqual(count(lone), (0, 0))

    def test_the_other_runners(self) -> None:
        text = (
            "test result: ok. 3 passed; 1 failed; 0 ignored\n"
            "===== 2 failed, 10 passed, 1 skipped in 3.2s =====\n"
            "4 passed, 1 failed\n"
        )
        self.assertEqual(count(text), (17, 4))


if __name__ == "__main__":
    unittest.main()
