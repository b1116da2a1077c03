"""Recurrences in words."""

from datetime import datetime
from typing import Any

import pytest

STARTS = datetime(2026, 11, 24, 18, 0)  # a Tuesday


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "Once, on 24 November 2026 at 18:00."),
        ("FREQ=DAILY", "Every day at 18:00."),
        ("FREQ=DAILY;INTERVAL=2;COUNT=3", "Every 2nd day at 18:00, 3 times in all."),
        ("FREQ=DAILY;BYDAY=SA,SU", "Every Saturday and Sunday at 18:00."),
        ("FREQ=WEEKLY", "Every Tuesday at 18:00."),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "From Monday to Friday at 18:00."),
        ("FREQ=WEEKLY;INTERVAL=2;UNTIL=20270531T205959Z", "Every 2nd Tuesday at 18:00, until 31 May 2027."),
        ("FREQ=WEEKLY;INTERVAL=2;UNTIL=20270531T215959Z", "Every 2nd Tuesday at 18:00, until 31 May 2027."),
        ("FREQ=WEEKLY;INTERVAL=2;UNTIL=20270601T155959Z", "Every 2nd Tuesday at 18:00, until 1 June 2027."),
        ("FREQ=WEEKLY;UNTIL=20270601T145959Z", "Every Tuesday at 18:00, until 31 May 2027."),
        ("FREQ=WEEKLY;UNTIL=99991231T235959Z", "Every Tuesday at 18:00."),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,TH", "Every 3rd week: Tuesday and Thursday at 18:00."),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "Every 2nd week: Tuesday and Sunday at 18:00."),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            "Every 2nd week: Tuesday and Sunday (first day of the week: Sunday) at 18:00.",
        ),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;WKST=SU", "Every 2nd week: Tuesday and Thursday at 18:00."),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "Every 2nd Tuesday at 18:00."),
        ("FREQ=WEEKLY;BYDAY=TU,SU;WKST=SU", "Every Tuesday and Sunday at 18:00."),
        ("FREQ=WEEKLY;BYHOUR=9,18", "Every Tuesday at 09:00 and 18:00."),
        ("FREQ=MONTHLY", "Every month on the 24th at 18:00."),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "Every month on the last day at 18:00."),
        ("FREQ=MONTHLY;BYDAY=2TU", "Every month on the 2nd Tuesday at 18:00."),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "Every month on the 2nd Tuesday at 18:00."),
        ("FREQ=MONTHLY;BYDAY=-1TU;INTERVAL=2", "Every 2nd month on the last Tuesday at 18:00."),
        ("FREQ=MONTHLY;BYDAY=-2TU", "Every month on the 2nd Tuesday from the end at 18:00."),
        ("FREQ=YEARLY", "Every year on 24 November at 18:00."),
        ("FREQ=YEARLY;BYWEEKNO=5", "Custom rule at 18:00."),
        ("FREQ=MONTHLY;BYMONTH=1,2", "Every month on the 24th, only in January and February at 18:00."),
        ("FREQ=WEEKLY;BYMONTH=1,2,3,4,5,6,8,9,10,11,12", "Every Tuesday, not in July at 18:00."),
        ("FREQ=MONTHLY;BYDAY=TU", "Custom rule at 18:00."),
        ("RDATE;VALUE=DATE:20270105", "On single dates at 18:00. Also on 5 Jan 2027."),
        ("FREQ=WEEKLY\nEXDATE;VALUE=DATE:20270105", "Every Tuesday at 18:00. Not on 5 Jan 2027."),
        (
            "FREQ=WEEKLY\nEXDATE;VALUE=DATE:20270105,20270112,20270119,20270126,20270202",
            "Every Tuesday at 18:00. Not on 5 Jan 2027, 12 Jan 2027, 19 Jan 2027, 26 Jan 2027 and 1 more date.",
        ),
        ("FREQ=WEEKLY\nEXRULE:FREQ=MONTHLY;BYDAY=-1TU", "Every Tuesday at 18:00. Left out: every month on the last Tuesday."),
        ("FREQ=WEEKLY\nFREQ=MONTHLY", "Every Tuesday at 18:00. Every month on the 24th at 18:00."),
    ],
)  # fmt: skip
def test_describes_a_rule_in_full(rule: str, words: str) -> None:
    from backend.i18n import Voice
    from backend.recurrence.rfc5545 import parse_recurrence
    from backend.recurrence.rule_description import describe_recurrence
    from backend.rule_sentences import describe_in_full

    response = describe_recurrence(parse_recurrence(rule), STARTS)
    assert describe_in_full(Voice("en"), response, STARTS, "Europe/Helsinki") == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", ""),
        ("FREQ=WEEKLY", "every Tuesday"),
        ("FREQ=WEEKLY\nEXDATE;VALUE=DATE:20270105", "every Tuesday"),
        ("FREQ=WEEKLY\nFREQ=MONTHLY", "on single dates"),
        ("RDATE;VALUE=DATE:20270105", "on single dates"),
    ],
)
def test_labels_how_often(rule: str, words: str) -> None:
    from backend.i18n import Voice
    from backend.rule_sentences import recurrence_label

    assert recurrence_label(Voice("en"), rule, STARTS) == words


def test_names_weekdays_in_the_readers_language() -> None:
    from backend.i18n import Voice
    from backend.rule_sentences import weekday_names

    names: Any = weekday_names(Voice("fi"))
    assert names[0] == "maanantai" and len(names) == 7
