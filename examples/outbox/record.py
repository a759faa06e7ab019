"""Records usage from Python, in the transaction of the sale itself. Needs psycopg 3; takes a connection string.

Pass texts, or Decimal and datetime with a zone; never a float. What is wrong with a reading never raises: it is set aside, and
the answer says so.
"""
import sys
from datetime import datetime, timezone
from decimal import Decimal

import psycopg

with psycopg.connect(sys.argv[1]) as connection:
    with connection.transaction():
        connection.execute("CREATE TABLE IF NOT EXISTS sale (id text PRIMARY KEY)")
        connection.execute("INSERT INTO sale VALUES (%s)", ("sale-1",))
        (answer,) = connection.execute(
            "SELECT usage_outbox.record(%s, %s, %s, %s, %s, %s::jsonb)",
            ("py-1", "t-1", "gb", Decimal("1.5"), datetime(2026, 11, 29, 10, 15, tzinfo=timezone.utc), '{"team": "blue"}'),
        ).fetchone()
        print(answer)

    # Many at once, as arrays of texts; one answer each, in their order.
    ids = ["py-2", "py-3", "py-4"]
    rows = connection.execute(
        "SELECT reading_id, answer, reason FROM usage_outbox.record(%s::text[], %s, %s, %s, %s, %s)",
        (ids, ["t-1"] * 3, ["gb"] * 3, ["1", "2", "many"], ["2026-11-29T10:16:00Z"] * 3, [None] * 3),
    ).fetchall()
    for reading_id, answer, reason in rows:
        print(reading_id, answer, reason or "")
