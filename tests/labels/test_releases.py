"""A label for a field that the release does not have is a problem of its container and becomes no key."""

import pytest

from bridge.labels.decode import decode
from bridge.labels.fields import Release, Row
from tests.alike.fields import VALUES, label_of
from tests.labels import table
from tests.labels.test_fields import one

ROWS = [
    row
    for row in table.ROWS
    # No label sets these: of `tls`, Traefik reads only the labels of `tls.stores.default`.
    if row.path[:2] != ("TLS", "Options")
]


@pytest.mark.parametrize("release", Release)
def test_field_missing_in_release_is_a_problem(release: Release) -> None:
    """Each label whose field the release does not have, or ignores while a later one reads it, is a problem."""
    for row in ROWS:
        label, field = label_of(row, "x", "X-Key"), one(row.label, release)
        refused = not field.label or (field.ignored and field.since > release)
        decoded = decode("web", {label: _fit(row)}, release)
        assert [problem.label for problem in decoded.problems] == [label] * refused, label
        assert not (refused and decoded.objects), label


def _fit(row: Row) -> str:
    return VALUES[row.type.partition("=")[0].rpartition("|")[2]][0]
